"""The choice of a synthetic share on val."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from augment.core.endpoints import Blocks, contrast
from augment.core.images import FloatArray


@dataclass(frozen=True)
class Candidate:
    """What val says of a share.

    Attributes:
        share: Synthetic share of every class.
        accuracy: On val, 0 to 1, mean over runs; or what else the verdict asks.
        gain: That, less the accuracy without synthetic images.
        standard_error: Of the gain, over runs and images.
    """

    share: float
    accuracy: float
    gain: float
    standard_error: float


@dataclass(frozen=True)
class Choice:
    """The share that is taken, and what spoke for it."""

    share: float
    candidates: tuple[Candidate, ...]

    def to_json(self) -> dict[str, Any]:
        """Give plain values, rounded to 6 decimals; ``dvc metrics`` shows them by share."""
        rows = {
            f"{row.share:g}": {name: round(value, 6) for name, value in vars(row).items() if name != "share"}
            for row in self.candidates
        }
        return {"chosen_share": self.share, "candidates": rows}


def choose_share(hits: Mapping[float, npt.NDArray[np.bool_]], asked: Blocks | None = None) -> Choice:
    """Take the share with the highest accuracy if it beats 0 by more than the standard error, else take 0.

    The best of several is lucky as well as good, and synthetic images cost something to trust: hence no tie, and
    none within the noise, goes to them.

    Args:
        hits: For each share, 0 among them, which val images each run has right: R×N, R and N ≥ 2. Run k of every
            share starts from the same weights, and all see the same images: the gains are paired twice.
        asked: What the verdict asks of val, in the place of accuracy; of the worst group, that of all shares together.
    """
    tables = {share: _asked(right.astype(np.float64), asked, hits) for share, right in hits.items()}
    base = tables[0.0]
    candidates = tuple(
        Candidate(share, float(right.mean()), float(right.mean() - base.mean()), standard_error(right - base))
        for share, right in tables.items()
    )
    best = max(candidates, key=lambda candidate: candidate.gain)
    return Choice(best.share if best.gain > best.standard_error else 0.0, candidates)


def _asked(right: FloatArray, asked: Blocks | None, hits: Mapping[float, npt.NDArray[np.bool_]]) -> FloatArray:
    if asked is None:
        return right
    rows = asked.counted(np.mean(list(hits.values()), axis=0))
    return contrast([(1 / len(rows), right[:, block]) for block in rows])


def standard_error(differences: FloatArray) -> float:
    """Standard error of the grand mean of a table whose rows (runs) and columns (images) are both samples.

    The square is the sum of both variances of the mean, var(row means) / R + var(column means) / N; runs alone would
    call two lucky images a gain.

    Args:
        differences: R×N, R and N ≥ 2.
    """
    rows, columns = differences.shape
    row_part = differences.mean(axis=1).var(ddof=1) / rows
    return float((row_part + differences.mean(axis=0).var(ddof=1) / columns) ** 0.5)
