"""A whole report's worth of results, small, with names that would break a careless page."""

import io
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from PIL import Image

from augment.evaluation import tables, verdict
from augment.evaluation.arms import Arm
from augment.evaluation.comparison import compare
from augment.evaluation.predictions import Predictions
from augment.page.content import DatasetResults, Provenance, SynthesizerResults
from augment.page.reading import read_table
from tests.evaluation.simulated import arm, random_hits
from tests.evaluation.test_summary import FOUND_OUT

HOSTILE = ('<script>alert("1")</script>', "a & b's $x_1$ 猫")
QUALITY = {
    "failed_checks": 1,
    "failures": [f"class 0 ({HOSTILE[0]!r}): the generator repeats itself"],
    "frechet_distance": 3.4,
    "label_fidelity": 0.99,
    "precision": None,
    "real_reference": {"frechet_distance": 4.0},
    "memorisation": {"pixels": {"near_copies": 0.05, "expected_near_copies": 0.01, "pull": 0.8}},
    "membership": {"pixels": FOUND_OUT, "features": FOUND_OUT},
}


def png(width: int = 12, height: int = 8) -> bytes:
    """Make a grey picture."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((height, width), 128, dtype=np.uint8)).save(buffer, format="png")
    return buffer.getvalue()


def _renamed(one: Arm) -> Arm:
    """Make the second half of the images one of the second class, with groups."""
    said, labels = one.predictions, np.repeat([0, 1], len(one.predictions.labels) // 2)
    probabilities = np.where(labels[:, None] == 0, said.probabilities, said.probabilities[:, :, ::-1])
    groups = ("north", "south") * (len(labels) // 2)
    predictions = Predictions(labels, probabilities, HOSTILE, groups)
    return replace(one, predictions=predictions, train_counts=np.asarray([90, 3]))


@cache
def dataset() -> DatasetResults:
    """Compare simulated arms, as `compare` would, and read them back, as `report` does."""
    accuracies = {"real": 0.7, "merged": 0.9, "synthetic": 0.5}
    pairs = list(product(accuracies.items(), ("plain", "balanced")))
    arms = [
        _renamed(arm(train_set, recipe, random_hits(accuracy, number, (3, 60)), accuracy + number / 100))
        for number, ((train_set, accuracy), recipe) in enumerate(pairs)
    ]
    comparison = compare(arms, seed=0)
    return DatasetResults(
        name="toys",
        source="image_folder 8 grey",
        family="toys 0.2 0.2",
        per_class=None,
        verdict=verdict.to_json(comparison, {"gan": QUALITY}),
        arms=_read_back(tables.arm_table(comparison)),
        recall=_read_back(tables.recall_rows(comparison)),
        confusion={one.name: one.predictions.confusion() for one in arms},
        synthesizers=(SynthesizerResults("gan", QUALITY, history(), png(), png(), png()), SynthesizerResults("smote")),
    )


def _read_back(table: pd.DataFrame) -> pd.DataFrame:
    return read_table(io.StringIO(table.to_csv(index=False)))


def history() -> pd.DataFrame:
    """Two looks at a training."""
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
