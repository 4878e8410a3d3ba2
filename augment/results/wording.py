"""Figures as people read them."""

from augment.core.endpoints import Endpoint
from augment.core.records import DECIMALS
from augment.results.kinds import Effect
from augment.results.record import Interval, PairedResult

MISSING = "–"

ENDPOINTS: dict[Endpoint, str] = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "cells": "mean accuracy over cells of class and group",
    "worst_group": "accuracy of the worst group",
    "rare_cells": "mean accuracy over cells that are rare or empty in training",
}
"""What the verdict may be asked, in words."""

WIDEST, CANNOT_TELL = 0.30, "these test images cannot tell"
"""Width of an interval from which on, where it holds 0, its ends would only feign knowledge; what is said instead."""


def points(interval: Interval | None) -> str:
    """Write a difference in accuracy points, e.g. ``+1.2 [+0.3, +2.1]``; a dash where there is none.

    A bound just below 0 is written -0.0: whether an interval holds 0 must be seen. One that is too wide to tell
    anything says so.
    """
    if interval is None:
        return MISSING
    if cannot_tell(interval):
        return CANNOT_TELL
    mean, low, high = (f"{value * 100 + 0.0:+.1f}" for value in (interval.mean, interval.low, interval.high))
    return f"{mean} [{low}, {high}]"  # 0 has no sign: hence + 0.0


def percent(interval: Interval) -> str:
    """Write a ratio in percent, e.g. ``97.3 % [95.6, 99.0]``."""
    mean, low, high = (f"{value * 100:.1f}" for value in (interval.mean, interval.low, interval.high))
    return f"{mean} % [{low}, {high}]"


def p_value(value: float) -> str:
    """Write a p-value, e.g. ``p = 0.042`` or ``p < 0.001``."""
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def paired(compared: PairedResult) -> str:
    """Write a comparison in brackets, e.g. ``+1.2 [+0.3, +2.1] points, p = 0.042``."""
    if cannot_tell(compared.difference):
        return CANNOT_TELL
    return f"{points(compared.difference)} points, {p_value(compared.p_holm)}"


def cannot_tell(difference: Interval) -> bool:
    """Whether a difference is so uncertain that not even its sign is known."""
    return round(difference.high - difference.low, DECIMALS) > WIDEST and difference.low <= 0 <= difference.high


def detected(compared: PairedResult) -> bool:
    """Whether the arms are told apart."""
    return compared.effect is not Effect.NO_EFFECT


def cell_name(class_name: str, group: str) -> str:
    """Name the cell of a class and a group."""
    return f"{class_name} in {group}"


def quoted(name: str) -> str:
    """Keep a name of the user's from being taken for code, where names between backticks are."""
    return name.replace("`", "'")
