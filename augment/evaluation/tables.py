"""The comparison as rows: a few figures an arm for ``dvc metrics``, all of them for a CSV."""

from typing import Any

import pandas as pd

from augment.evaluation.arms import Arm
from augment.evaluation.comparison import Comparison
from augment.evaluation.contests import Contest
from augment.evaluation.intervals import crossed_estimate
from augment.evaluation.subgroups import recall_table

DECIMALS = 6


def metrics(comparison: Comparison, arm: Arm) -> dict[str, float]:
    """Summarise an arm in one row of `dvc metrics show`: means over runs, and the differences to both rivals.

    ``p_to_best_real`` is corrected by Holm; it is missing for the best real arm itself.
    """
    scores, recall = arm.predictions.scores(), arm.predictions.recall().mean(axis=0)
    row = {"accuracy": scores["accuracy"].mean(), "accuracy_std": scores["accuracy"].std(ddof=1)}
    row |= {name: values.mean() for name, values in scores.items() if name != "accuracy"}
    row["lowest_recall"] = recall.min()
    plain, best = comparison.against_reference.get(arm.name), comparison.against_best_real.get(arm.name)
    row["to_real"] = plain.estimate.mean if plain else 0.0
    row["to_best_real"] = best.estimate.mean if best else 0.0
    if best:
        row["p_to_best_real"] = best.p_holm
    return {name: round(float(value), DECIMALS) for name, value in row.items()}


def arm_table(comparison: Comparison) -> pd.DataFrame:
    """Lay out every arm with its scores and its contests.

    Returns:
        One row an arm: ``arm``, ``train_set``, ``recipe``, ``kind``, ``role`` (reference, best without synthesis,
        chosen, release, or several), ``val_accuracy``, ``cut_off`` (runs), ``accuracy`` with its interval over runs and
        images, mean and standard deviation over runs of every score, and for ``real``, ``best_real`` and
        ``same_recipe`` (the real arm of the arm's recipe) the columns of `_columns`.
    """
    return pd.DataFrame([_row(comparison, arm) for arm in comparison.arms]).round(DECIMALS)


def _row(comparison: Comparison, arm: Arm) -> dict[str, Any]:
    interval = crossed_estimate(arm.predictions.hits).interval()
    row: dict[str, Any] = {
        "arm": arm.name,
        "train_set": arm.train_set,
        "recipe": arm.recipe,
        "kind": arm.kind.value,
        "role": ", ".join(roles(comparison, arm)),
        "val_accuracy": arm.val_accuracy.mean(),
        "cut_off": arm.cut_off,
        "accuracy": interval.mean,
        "accuracy_low": max(0.0, interval.low),  # a t interval knows nothing of the ends of the scale
        "accuracy_high": min(1.0, interval.high),
    }
    for name, values in arm.predictions.scores().items():
        row[name], row[f"{name}_std"] = values.mean(), values.std(ddof=1)
    rivals = {
        "real": comparison.against_reference,
        "best_real": comparison.against_best_real,
        "same_recipe": comparison.against_same_recipe,
    }
    for name, found in rivals.items():
        row |= _columns(found.get(arm.name), name)
    return row


def roles(comparison: Comparison, arm: Arm) -> list[str]:
    """Name the parts an arm plays, none for most."""
    parts = {
        "reference": comparison.reference,
        "best without synthesis": comparison.best_real,
        "chosen": comparison.chosen,
        "release": comparison.released,
    }
    return [name for name, player in parts.items() if player is arm]


def _columns(contest: Contest | None, rival: str) -> dict[str, Any]:
    """Columns of one rival; empty where the arm has none, or is it."""
    names = ("to", "low", "high", "bootstrap_low", "bootstrap_high", "p", "p_holm", "p_sign_flip", "p_mcnemar")
    values: list[Any] = [None] * (len(names) + 2)
    if contest:
        interval, bootstrap = contest.estimate.interval(), contest.bootstrap
        values = [interval.mean, interval.low, interval.high, bootstrap.low, bootstrap.high]
        values += [contest.estimate.p_value(), contest.p_holm, contest.p_sign_flip, contest.p_mcnemar]
        values += [contest.smallest_effect, contest.outcome.value]
    return {
        f"{name}_{rival}": value for name, value in zip((*names, "smallest_effect", "outcome"), values, strict=True)
    }


def recall_rows(comparison: Comparison) -> pd.DataFrame:
    """Lay out recall per class, tier and group, with differences; see `recall_table`."""
    return recall_table(comparison.arms, comparison.rivals, comparison.reference).round(DECIMALS)
