"""A result as rows: a few figures an arm for ``dvc metrics``, all of them for a CSV."""

from typing import Any

import pandas as pd

from augment.core.records import DECIMALS
from augment.results.arm_figures import ARM_FIGURES
from augment.results.kinds import Baseline, Role
from augment.results.record import ArmResult, Interval, PairedResult, Result, Score

COMPARED = ("p", "p_holm", "p_sign_flip", "p_mcnemar", "smallest_effect", "effect")
"""What `PairedResult` holds besides its two intervals, and gets a column."""


def metrics(arm: ArmResult) -> dict[str, float]:
    """Summarise an arm in one row of `dvc metrics show`: means over runs, and the differences to two baselines.

    ``p_to_best_real`` is corrected by Holm; it is missing for the best real arm itself.
    """
    row = {figure.name: arm.scores[figure.name].mean for figure in ARM_FIGURES}
    row["accuracy_std"] = arm.scores["accuracy"].std
    plain, best = arm.against.get(Baseline.REFERENCE), arm.against.get(Baseline.BEST_REAL)
    row["to_real"] = plain.difference.mean if plain else 0.0
    row["to_best_real"] = best.difference.mean if best else 0.0
    if best:
        row["p_to_best_real"] = best.p_holm
    return {name: round(value, DECIMALS) for name, value in row.items()}


def arm_table(result: Result) -> pd.DataFrame:
    """Lay out every arm with its scores and its comparisons.

    Returns:
        One row an arm: ``arm``, ``train_set``, ``recipe``, ``kind``, whether it plays each role (``is_reference`` …),
        ``cut_off`` (runs); of every score its mean, ``_std``, and ``_low``, ``_high`` and ``_class`` where it has
        them; and for each baseline the difference (``to_``, ``low_``, ``high_``), the bootstrap's interval and
        `COMPARED`, empty where the arm has no such comparison, or is the baseline.
    """
    if not result.judged:
        return pd.DataFrame(columns=["arm", "accuracy"])  # what `dvc plots` draws
    return pd.DataFrame([_row(arm) for arm in result.arms]).round(DECIMALS)


def _row(arm: ArmResult) -> dict[str, Any]:
    row: dict[str, Any] = {"arm": arm.name, "train_set": arm.train_set, "recipe": arm.recipe, "kind": arm.kind.value}
    row |= {f"is_{role.value}": role in arm.roles for role in Role} | {"cut_off": arm.cut_off}
    for figure in ARM_FIGURES:
        row |= _score(figure.name, arm.scores[figure.name])
    for baseline in Baseline:
        if baseline is Baseline.HARDEST_REAL and baseline not in arm.against:
            continue  # only where val cannot choose is there such a rival
        row |= _columns(arm.against.get(baseline), baseline.value)
    return row


def _score(name: str, score: Score) -> dict[str, Any]:
    row: dict[str, Any] = {name: score.mean, f"{name}_std": score.std}
    if score.interval:
        row |= {f"{name}_low": score.interval.low, f"{name}_high": score.interval.high}
    if score.class_name is not None:
        row[f"{name}_class"] = score.class_name
    return row


def _columns(compared: PairedResult | None, baseline: str) -> dict[str, Any]:
    intervals = (compared.difference, compared.bootstrap) if compared else (None, None)
    row = _ends("", "to", intervals[0], baseline) | _ends("bootstrap_", "bootstrap", intervals[1], baseline)
    return row | {f"{name}_{baseline}": getattr(compared, name, None) for name in COMPARED}


def _ends(prefix: str, mean: str, interval: Interval | None, baseline: str) -> dict[str, float | None]:
    names = {f"{mean}_{baseline}": "mean", f"{prefix}low_{baseline}": "low", f"{prefix}high_{baseline}": "high"}
    return {column: getattr(interval, end, None) for column, end in names.items()}
