"""Records of made-up datasets."""

from collections.abc import Mapping, Sequence
from typing import Any

from augment.comparison.arms import Arm
from augment.comparison.assembly import assemble
from augment.comparison.comparison import compare
from augment.results.record import LeftOut, Result

COPIES = {"ratio": 0.9, "near_copies": 0.02, "expected_near_copies": 0.01, "pull": 0.6}
FOUND_OUT = {"auc": 0.55, "auc_low": 0.51, "auc_high": 0.59, "p_value": 0.01}
FOUND_OUT |= {"advantage": 0.08, "advantage_low": -0.01, "advantage_high": 0.17, "caught": 0.02}
QUALITY: dict[str, Any] = {
    "failed_checks": 0,
    "failures": [],
    "label_fidelity": 0.98,
    "lowest_label_fidelity": 0.97,
    "frechet_distance": 4.0,
    "precision": 0.9,
    "recall": 0.6,
    "density": 1.1,
    "coverage": 0.8,
    "classification_accuracy_score": 0.85,
    "judge": {"accuracy": 0.95, "accuracy_low": 0.9, "accuracy_high": 1.0, "chance": 0.5},
    "real_reference": {
        "label_fidelity": 0.99,
        "lowest_label_fidelity": 0.96,
        "frechet_distance": 1.5,
        "precision": 0.95,
        "recall": 0.94,
        "density": 1.0,
        "coverage": 0.97,
    },
    "memorisation": {"pixels": COPIES, "features": COPIES | {"near_copies": 0.03}},
    "membership": {"pixels": FOUND_OUT, "features": FOUND_OUT | {"auc": 0.57}},
}


def result_of(
    arms: Sequence[Arm],
    quality: Mapping[str, Mapping[str, Any]] | None = None,
    left_out: Sequence[LeftOut] = (),
    dataset: str = "toys",
) -> Result:
    """Compare arms, with one synthesizer unless told otherwise."""
    return assemble(dataset, compare(arms, seed=0), {"gan": QUALITY} if quality is None else quality, left_out)
