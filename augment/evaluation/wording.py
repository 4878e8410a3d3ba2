"""Figures as people read them."""

from collections.abc import Mapping, Sequence

import numpy as np

from augment.core.images import FloatArray
from augment.evaluation.intervals import Interval


def points(interval: Interval) -> str:
    """Write a difference in accuracy points, e.g. ``+1.2 [+0.3, +2.1]``.

    A bound just below 0 is written -0.0: whether an interval holds 0 must be seen.
    """
    mean, low, high = (f"{value:+.1f}" for value in _hundredfold(interval))
    return f"{mean} [{low}, {high}]"


def percent(interval: Interval) -> str:
    """Write a ratio in percent, e.g. ``97.3 % [95.6, 99.0]``."""
    mean, low, high = (f"{value:.1f}" for value in _hundredfold(interval))
    return f"{mean} % [{low}, {high}]"


def p_value(value: float) -> str:
    """Write a p-value, e.g. ``p = 0.042`` or ``p < 0.001``."""
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def cut_off_runs(counts: Mapping[str, int], runs: int) -> str:
    """List the arms some of whose runs were stopped before val had stopped improving; empty where none was.

    Args:
        counts: Arm → its runs that were.
        runs: Runs of every arm.
    """
    return ", ".join(f"{count} of {runs} runs of `{arm}`" for arm, count in counts.items() if count)


def cut_off_note(counts: Mapping[str, int], runs: int) -> str:
    """Say the same as a further sentence of a caption; empty where no run was."""
    listed = cut_off_runs(counts, runs)
    return f" Stopped at `max_steps`, before val had stopped improving: {listed}." if listed else ""


def markdown_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table as Markdown, a line a row."""
    header, *body = (f"| {' | '.join(line)} |\n" for line in [titles, *rows])
    return f"{header}|{'---|' * len(titles)}\n{''.join(body)}"


def _hundredfold(interval: Interval) -> FloatArray:
    return np.asarray([interval.mean, interval.low, interval.high]) * 100 + 0.0  # 0 has no sign
