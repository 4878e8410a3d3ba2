"""Predict the test split with the classifiers of every arm. The only stage that reads test."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from augment.classifier.files import read_classifiers
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import TrainedClassifier
from augment.core.cells import count_cells
from augment.core.container import read_image_set
from augment.core.endpoints import VerdictSpec
from augment.core.errors import LeftOutError
from augment.core.generators import for_run, rows_by_generator
from augment.core.images import REAL, SYNTHETIC, ImageSet, require_disjoint
from augment.core.paths import PathPattern
from augment.core.provenance import require_same_origin
from augment.core.records import write_record
from augment.core.settings_block import Spec
from augment.core.stage import stage
from augment.core.store import write_csv, write_parquet
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.evaluation.trainings import Trainings, Untrained
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec


@stage(
    runtime="runtime",
    seed="seed",
    seeds="seeds",
    verdict="verdict",
    spec="datasets.{dataset}.classifier",
    train_sets="arms.train_sets",
    recipes="arms.recipes",
)
def evaluate(
    dataset: str,
    runtime: RuntimeSpec,
    seed: int,
    seeds: int,
    verdict: VerdictSpec,
    spec: Spec,
    train_sets: Sequence[str],
    recipes: Mapping[str, Any],
    *,
    train: PathPattern,
    test: Path,
    classifier: PathPattern,
    truth: Path,
    predictions: PathPattern,
    metrics: PathPattern,
    confusion: PathPattern,
) -> None:
    """Write ``truth`` once, and a file an arm: probabilities, what the trainings came to, class pairs.

    All paths but ``test`` and ``truth`` have the blanks ``{train_set}`` and ``{recipe}``. Of what an arm was trained
    on, the images of each class are counted, which says what is rare, and the synthetic ones: a mix may have added
    none. An arm that could not be trained has a file of ``metrics`` alone, which says why.
    """
    require_same_origin(train.at(train_set=REAL), test)
    images = read_image_set(test)
    known = GroundTruth.of(images)
    with machine(runtime) as where:
        for train_set, recipe in product(train_sets, recipes):
            arm = {"train_set": train_set, "recipe": recipe}
            settings = {"seed": seed, "seeds": seeds, "spec": spec, "recipe_spec": recipes[recipe]}
            settings |= {"verdict": verdict}
            try:
                taught = read_image_set(train.at(**arm))
                require_disjoint(taught, images, f"{train.at(**arm)} and {test}")
                runs = read_classifiers(
                    classifier.at(**arm), images.classes, images.shape, {"dataset": dataset, **arm, **settings}
                )
            except LeftOutError as left_out:
                write_record(metrics.at(**arm), Untrained(left_out=left_out.reasons))
                print(f"evaluate {dataset} {train_set}/{recipe}: left out: {left_out}")
                continue
            said = [predict_probabilities(run.network.to(where.device), images.images, where) for run in runs]
            result = Predictions(known, np.stack(said))
            write_parquet(predictions.at(**arm), result.to_frame())
            write_record(metrics.at(**arm), _trainings(result, runs, taught))
            write_csv(confusion.at(**arm), result.confusion())
            print(f"evaluate {dataset} {train_set}/{recipe}: {_summary(result)}")
    for pattern in (predictions, metrics, confusion):
        pattern.folder.mkdir(parents=True, exist_ok=True)  # DVC wants them, also where no arm could be trained
    write_record(truth, known)


def _trainings(result: Predictions, runs: Sequence[TrainedClassifier], taught: ImageSet) -> Trainings:
    first = for_run(taught, 0)
    by_endpoint = tuple(run.val_endpoint for run in runs if run.val_endpoint is not None)
    return Trainings(
        accuracy=float(result.accuracy().mean()),
        val_accuracy=tuple(float(run.val_accuracy) for run in runs),
        steps=tuple(run.steps for run in runs),
        converged=sum(run.converged for run in runs),
        train_counts=tuple(first.class_counts().tolist()),
        synthetic_images=int((first.manifest["origin"] == SYNTHETIC).sum()),
        generators=max(1, len(rows_by_generator(taught))),
        val_endpoint=by_endpoint if len(by_endpoint) == len(runs) else None,
        train_cells=count_cells(first).by_group() or None,
    )


def _summary(result: Predictions) -> str:
    accuracy = result.accuracy()
    return f"accuracy {accuracy.mean():.4f} ± {accuracy.std(ddof=1):.4f}"
