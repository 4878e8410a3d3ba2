"""Train the classifiers of one arm, one per run."""

from pathlib import Path

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec, is_frozen
from augment.classifier.files import write_classifiers
from augment.classifier.learning import learn
from augment.classifier.training import TrainedClassifier
from augment.core.container import read_image_set
from augment.core.endpoints import VerdictSpec
from augment.core.errors import LeftOutError
from augment.core.generators import for_run
from augment.core.images import REAL, ImageSet, require_alike, require_disjoint
from augment.core.provenance import described, require_made_by
from augment.core.settings_block import Spec
from augment.core.stage import stage
from augment.runtime.machine import machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.side_by_side import side_by_side


@stage(
    spec="datasets.{dataset}.classifier",
    recipe_spec="arms.recipes.{recipe}",
    source="datasets.{dataset}.source",
    split="datasets.{dataset}.split",
    scarcity="datasets.{dataset}.scarcity",
    runtime="runtime",
    verdict="verdict",
    seed="seed",
    seeds="seeds",
    makes=("classifier",),
)
def train_classifier(
    dataset: str,
    train_set: str,
    recipe: str,
    spec: ClassifierSpec,
    recipe_spec: RecipeSpec,
    source: Spec,
    split: Spec,
    scarcity: Spec,
    runtime: RuntimeSpec,
    verdict: VerdictSpec,
    seed: int,
    seeds: int,
    *,
    train: Path,
    val: Path,
    unlabelled: Path,
    classifier: Path,
) -> None:
    """Write ``seeds`` classifiers to ``classifier``.

    ``source``, ``split`` and ``scarcity`` are those of `prepare`: what is read must have been made with them.
    """
    prepared = described(stage="prepare", dataset=dataset, seed=seed, source=source, split=split, scarcity=scarcity)
    require_made_by(val, **prepared)
    require_made_by(train, **(prepared if train_set == REAL else {"dataset": dataset, "mix": train_set}))
    images, held_out = read_image_set(train), read_image_set(val)
    require_alike(images, held_out, f"{train} and {val}")
    require_disjoint(images, held_out, f"{train} and {val}")
    pool = None
    if recipe_spec.unlabelled is not None:
        require_made_by(unlabelled, **prepared)
        pool = _pool(unlabelled, dataset)
        require_disjoint(pool, held_out, f"{unlabelled} and {val}")

    def fitted(run: int, line: int = 0) -> TrainedClassifier:
        def told(phase: str) -> Progress:
            what = f"train_classifier {dataset} {train_set}/{recipe} run {run + 1} of {seeds}{phase}"
            return Progress(what, spec.max_steps, capped=True, line=line)

        return learn(for_run(images, run), pool, held_out, spec, recipe_spec, seed, run, where, told, verdict.endpoint)

    with machine(runtime) as where:
        # What a frozen network says of an image is computed once, in one process.
        runs = [fitted(run) for run in range(seeds)] if is_frozen(spec) else side_by_side(fitted, seeds, where)
        for run, one in enumerate(runs):
            print(
                f"run {run + 1} of {seeds}: val accuracy {one.val_accuracy:.4f} at step {one.best_step}, "
                + ("converged" if one.converged else "stopped at max_steps without converging")
                + ("" if pool is None or one.believed is None else f"; {one.believed} of {len(pool)} images labelled")
            )
        arm = {"dataset": dataset, "train_set": train_set, "recipe": recipe}
        made_by = described(**arm, seed=seed, seeds=seeds, spec=spec, recipe_spec=recipe_spec, verdict=verdict)
        write_classifiers(classifier, runs, images, spec, where, made_by)


def _pool(path: Path, dataset: str) -> ImageSet:
    """Read the images without labels.

    Raises:
        LeftOutError: There are none.
    """
    pool = read_image_set(path)
    if not len(pool):
        raise LeftOutError(
            f"its recipe learns from images without labels, and {dataset} has none: say `unlabelled` in its source"
        )
    return pool
