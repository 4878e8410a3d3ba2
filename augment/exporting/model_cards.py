"""The README of an exported model; its questions are those of Mitchell et al., "Model cards", 2019."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from augment.core.errors import ContainerError
from augment.core.records import read_record
from augment.exporting.datasheet import LICENCE
from augment.finished.classifier import Ensemble
from augment.finished.generator import TrainedGenerator
from augment.finished.project import Project
from augment.results.arm_figures import ARM_FIGURES
from augment.results.record import Result
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from augment.results.wording import MISSING
from augment.summary.markdown import escape, lines


def classifier_card(project: Project, ensemble: Ensemble, about: Mapping[str, Any]) -> Callable[[str], str]:
    """Give what writes the card of a classifier, given how it is used."""
    result = _result(project, ensemble.dataset)
    arm = next((each for each in result.arms if each.name == ensemble.arm), None) if result else None
    figures = [[each.heading, each.text(arm.scores.get(each.name))] for each in ARM_FIGURES] if arm else []
    runs = len(ensemble.networks)
    one = "the classifier of one run" if runs == 1 else f"the mean of {runs} classifiers, one a run,"
    what = (
        f"It tells {len(ensemble.classes)} classes apart in images of {_size(ensemble.shape)}: {one} of the arm "
        f"`{ensemble.arm}`. Probabilities are calibrated on val (temperature {ensemble.temperature:.3f})."
    )
    begun = project.settings.datasets[ensemble.dataset].classifier.pretrained
    if begun is not None:
        what += (
            f" It began with weights that others trained: timm's `{begun.model}`, whose licence holds for this file, "
            "too, and of whose training images it may have kept something."
        )
    title = "Of single classifiers on the test images, before calibration"
    measured = f"{title}:\n\n{_table(figures)}" if figures else "Its arm has not been compared with others yet."
    limits = (
        "It gives some class to whatever it is shown, also to what is none of them. It was judged on images like those "
        "that it was trained on; of others nothing is known. Images have to be prepared as the run's own were."
    )
    header = {"pipeline_tag": "image-classification"}
    return lambda usage: _card(f"{ensemble.dataset} classifier", header, what, usage, measured, limits, about)


def generator_card(project: Project, generator: TrainedGenerator, about: Mapping[str, Any]) -> Callable[[str], str]:
    """Give what writes the card of a generator, given how it is used."""
    result = _result(project, generator.dataset)
    found = result.synthesizer(generator.name) if result else None
    of_images = found.figures if found else {}
    figures = [[each.heading, each.text(of_images.get(each.name))] for each in SYNTHESIZER_FIGURES] if found else []
    spec = project.settings.datasets[generator.dataset].synthesizers[generator.name]
    what = f"A synthesizer ({spec.TITLE}): it draws labelled images of {len(generator.classes)} classes from noise."
    title = "Of the images that the run drew from it, and in round brackets of real ones"
    measured = f"{title}:\n\n{_table(figures)}" if figures else "Its images have not been judged yet."
    holds = (
        "**It holds training images themselves, or comes close to them: where those may not leave the house, neither "
        "may this file.**"
        if spec.HOLDS_IMAGES
        else "It may have kept something of its training images; the figures above say how near its images are to them."
    )
    limits = f"{holds} What it draws is synthetic: say so wherever it is shown, and never measure a classifier by it."
    return lambda usage: _card(f"{generator.dataset} generator", {}, what, usage, measured, limits, about)


def _card(
    title: str, header: dict[str, Any], what: str, usage: str, measured: str, limits: str, about: Mapping[str, Any]
) -> str:
    top = yaml.safe_dump(header, sort_keys=False) if header else ""
    described = json.dumps(dict(about), indent=2, ensure_ascii=False).replace("```", "'''")
    blocks = [
        f"# {escape(title)}",
        what,
        f"## How to run it\n\n```python\n{usage}\n```",
        f"## What it takes and gives\n\n```json\n{described}\n```",
        f"## How good it is\n\n{measured.rstrip()}",
        f"## What it is not for\n\n{limits}",
        "## Licence\n\nNone is stated yet: it is for whoever holds the rights in the training images to state one.",
    ]
    return f"---\n{LICENCE}\n{top}---\n\n" + "\n\n".join(blocks) + "\n"


def _result(project: Project, dataset: str) -> Result | None:
    """Read the record of a dataset, if there is one."""
    path = project.place("compare", "result", dataset=dataset)
    try:
        return read_record(Result, path) if path.exists() else None
    except ContainerError:
        return None


def _table(figures: list[list[str]]) -> str:
    """Lay out what is known."""
    return lines(["figure", ""], [[escape(name), value] for name, value in figures if value != MISSING]).rstrip()


def _size(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{width}×{height} pixels, {'grey' if channels == 1 else 'RGB'}"
