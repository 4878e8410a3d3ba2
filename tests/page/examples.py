"""A whole report's worth of results, small, with names that would break a careless page."""

import io
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from PIL import Image

from augment.comparison.arms import Arm
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.page.content import DatasetResults, Pictures, Provenance
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import QUALITY, result_of

HOSTILE = ('<script>alert("1")</script>', "a & b's $x_1$ 猫")
FAILED = QUALITY | {
    "failed_checks": 1,
    "failures": [f"class 0 ({HOSTILE[0]!r}): the generator repeats itself"],
    "frechet_distance": 3.4,
    "precision": None,
}


def png(width: int = 12, height: int = 8) -> bytes:
    """Make a grey picture."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((height, width), 128, dtype=np.uint8)).save(buffer, format="png")
    return buffer.getvalue()


def _renamed(one: Arm) -> Arm:
    """Make the second half of the images one of the second class, with groups."""
    said, half = one.predictions.probabilities, one.predictions.probabilities.shape[1] // 2
    labels = (0,) * half + (1,) * half
    probabilities = np.where(np.asarray(labels)[:, None] == 0, said, said[:, :, ::-1])
    truth = GroundTruth(classes=HOSTILE, labels=labels, groups=("north", "south") * half)
    return replace(one, predictions=Predictions(truth, probabilities), train_counts=np.asarray([90, 3]))


@cache
def dataset(name: str = "toys") -> DatasetResults:
    """Compare simulated arms, as `compare` would."""
    accuracies = {"real": 0.7, "merged": 0.9, "synthetic": 0.5}
    pairs = list(product(accuracies.items(), ("plain", "balanced")))
    arms = [
        _renamed(arm(train_set, recipe, random_hits(accuracy, number, (3, 60)), accuracy + number / 100))
        for number, ((train_set, accuracy), recipe) in enumerate(pairs)
    ]
    return DatasetResults(
        result=result_of(arms, {"gan": FAILED, "smote": QUALITY}, dataset=name),
        source="image_folder 8 grey",
        family="toys 0.2 0.2",
        per_class=None,
        confusion={one.name: one.predictions.confusion() for one in arms},
        pictures=(Pictures("gan", history(), png(), png(), png()), Pictures("smote")),
        account={"classes": {}, "notes": [], "warnings": []},
    )


def history() -> pd.DataFrame:
    """Two evaluation points of a training."""
    return pd.DataFrame(
        {
            "step": [0, 0, 5, 5],
            "figure": ["loss_d", "label_fidelity"] * 2,
            "value": [1.0, 0.2, 0.5, 0.9],
        }
    )


def provenance() -> Provenance:
    """Two stages, of which one ran here."""
    entry = {"path": "raw/toys", "md5": "0" * 32 + ".dir", "size": 1500}
    lock = {"stages": {"prepare@toys": {"deps": [entry], "outs": [{"path": "data/toys", "md5": "1" * 32}]}}}
    lock["stages"]["compare"] = {"deps": [{"path": "data/toys", "md5": "1" * 32}], "outs": []}
    cost = {"stage": "compare", "wall_s": 75.0, "cpu_s": 3.21, "peak_bytes": 2_000_000, "hardware": "a <machine>"}
    return Provenance(
        made="on 1 January 2030 at 00:00 UTC",
        revision="f" * 40,
        changed=("dvc.lock",),
        lock=lock,
        costs={"compare": cost | {"ended": "2030-01-01T00:00:00+00:00"}},
        versions={"torch": "1.2"},
        settings={"Seeds": "3 runs"},
    )
