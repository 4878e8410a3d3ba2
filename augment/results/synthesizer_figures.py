"""The figures of synthetic images: each is one entry here, and table, page and studies show what the list holds."""

from typing import Any

from augment.results.figures import Better, SynthesizerFigure


def _of_both_spaces(
    name: str, title: str, better: Better, meaning: str, key: str, reference: str | None = None, **form: Any
) -> tuple[SynthesizerFigure, ...]:
    """Make the entries of a figure that is measured in pixels and in the judge's features; ``{}`` is the space."""
    meanings = {"pixels": meaning, "features": "The same, where closeness is measured in the judge's features."}
    return tuple(
        SynthesizerFigure(
            f"{name}_{space}",
            title.format(space),
            better,
            meanings[space],
            key=key.format(space),
            reference=reference and reference.format(space),
            judged=space == "features",
            **form,
        )
        for space in meanings
    )


def _against_real(name: str, title: str, better: Better, meaning: str, **form: Any) -> SynthesizerFigure:
    """Make the entry of a figure that real training images have, too."""
    return SynthesizerFigure(
        name, title, better, meaning, key=name, reference=f"real_reference.{name}", judged=True, **form
    )


SYNTHESIZER_FIGURES = (
    SynthesizerFigure(
        "failed_checks",
        "failed checks",
        Better.LOWER,
        "Checks of the gate that the images did not pass; where there are any, no mix takes the images unless told to.",
        scale=1,
        digits=0,
        key="failed_checks",
    ),
    SynthesizerFigure(
        "judge_accuracy",
        "accuracy of the judge %",
        Better.HIGHER,
        "How much of the real val images the judge itself recognises, every class counting alike, with its 95 % "
        "interval; in round brackets: guessing. Where it hardly does, its other figures mean little.",
        key="judge.accuracy",
        reference="judge.chance",
    ),
    _against_real(
        "label_fidelity",
        "label fidelity %",
        Better.HIGHER,
        "How many of 100 images a judge, trained on the real images, takes for the class they were made for.",
    ),
    _against_real(
        "lowest_label_fidelity",
        "label fidelity of the worst class %",
        Better.HIGHER,
        "The same of the class where it is lowest.",
    ),
    _against_real(
        "frechet_distance",
        "Fréchet distance",
        Better.LOWER,
        "How far the images as a whole are from real ones, in the judge's eyes.",
        scale=1.0,
        digits=2,
    ),
    _against_real(
        "precision",
        "precision",
        Better.HIGHER,
        "Share of the synthetic images that look like some real one. This figure and the next three compare at most "
        "10,000 images of either side, a sample of more.",
        scale=1.0,
        digits=2,
    ),
    _against_real(
        "recall",
        "recall",
        Better.HIGHER,
        "Share of the real images that look like some synthetic one: low where kinds of images are missing.",
        scale=1.0,
        digits=2,
    ),
    _against_real(
        "density",
        "density",
        Better.HIGHER,
        "How crowded with synthetic images the places are where real ones lie; about 1 for real images.",
        scale=1.0,
        digits=2,
    ),
    _against_real(
        "coverage",
        "coverage",
        Better.HIGHER,
        "Share of the real images that have a synthetic one close by.",
        scale=1.0,
        digits=2,
    ),
    SynthesizerFigure(
        "classification_accuracy_score",
        "val accuracy if trained on them %",
        Better.HIGHER,
        "How many of 100 real val images a classifier names rightly that has seen synthetic images only.",
        key="classification_accuracy_score",
    ),
    *_of_both_spaces(
        "near_copies",
        "near copies %, by {}",
        Better.LOWER,
        "Images closer to a training image than nearly all unseen images are; in brackets: expected by chance.",
        "memorisation.{}.near_copies",
        "memorisation.{}.expected_near_copies",
    ),
    SynthesizerFigure(
        "training_images_compared",
        "training images compared, by pixels",
        Better.HIGHER,
        "How many training images the figures by pixels are of: all, unless they are so many that a sample has to do.",
        scale=1.0,
        digits=0,
        key="memorisation.train_images",
    ),
    *_of_both_spaces(
        "pull",
        "pull towards training images, by {}",
        Better.LOWER,
        "How often a synthetic image is closer to the training images than an unseen one: 0.5 is none, 1 copying.",
        "memorisation.{}.pull",
        scale=1.0,
        digits=2,
    ),
    *_of_both_spaces(
        "attacker_right",
        "attacker right %, by {}",
        Better.LOWER,
        "How often an attacker who sees only the synthetic images tells a training image from an unseen one; "
        "guessing: 50 %.",
        "membership.{}.auc",
    ),
    *_of_both_spaces(
        "attacker_advantage",
        "attacker's advantage, points, by {}",
        Better.LOWER,
        "How much more often a training image is suspected to be one than an unseen image is; 0 gives nothing away.",
        "membership.{}.advantage",
    ),
    *_of_both_spaces(
        "attacker_caught",
        "training images caught %, by {}",
        Better.LOWER,
        "Training images that the attacker finds while suspecting only 1 % of the unseen ones.",
        "membership.{}.caught",
    ),
)
