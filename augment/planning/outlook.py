"""How far a run is, told at the start of each stage from what was estimated before it and what it has cost so far."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from augment.costs import RANK, STAGE

TRUST_S = 20.0
"""Seconds of work after which what a run has really cost counts as much as what was estimated."""


@dataclass(frozen=True)
class Expected:
    """What was estimated of a stage: seconds, and the stages before it that are to run, too."""

    seconds: float
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Outlook:
    """Where a run stands.

    Attributes:
        number: Of the stage that begins, from 1.
        total: Stages of the run.
        left_s: Seconds until its end, the beginning stage's own among them.
    """

    number: int
    total: int
    left_s: float

    def __str__(self) -> str:
        return f"stage {self.number} of {self.total}, about {duration(self.left_s)} left"


def announce(estimate: Path, costs: Path) -> None:
    """Print where the run stands, if DVC runs this command and the run was estimated.

    Nothing that is wrong with the two files fails a stage.
    """
    name = os.environ.get(STAGE)
    if not name or os.environ.get(RANK, "0") != "0":
        return
    try:
        noted = json.loads(estimate.read_text(encoding="utf-8"))
        begun = datetime.fromisoformat(noted["begun"])
        expected = {
            stage: Expected(float(each["seconds"]), tuple(each["parents"])) for stage, each in noted["stages"].items()
        }
        notes = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(costs.glob("*.json"))]
        found = outlook(name, expected, [note for note in notes if datetime.fromisoformat(note["ended"]) >= begun])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    if found is not None:
        print(found, flush=True)


def outlook(name: str, expected: Mapping[str, Expected], notes: Iterable[Mapping[str, Any]]) -> Outlook | None:
    """Work out where a run stands when a stage begins.

    Args:
        name: The stage.
        expected: All stages of the run.
        notes: What those that have ended did cost: ``stage``, ``wall_s`` and when each ``ended``.

    Returns:
        None for a stage that was not to run, or has run already: this is another run.
    """
    ended = {note["stage"]: note for note in notes if note["stage"] in expected}
    if name not in expected or name in ended:
        return None
    # What lies before this stage is done, though it may have come from a cache and left no note.
    done = {*ended, *_above(name, expected)}
    left = sum(each.seconds for stage, each in expected.items() if stage not in done)
    estimated = sum(expected[stage].seconds for stage in ended)
    # Side by side, or beside other programs, a second of work takes more or less than one on the clock.
    pace = (_busy_s(ended.values()) + TRUST_S) / (estimated + TRUST_S)
    return Outlook(len(done) + 1, len(expected), left * pace)


def duration(seconds: float) -> str:
    """Say about how long something takes."""
    if seconds < 50:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 100:
        return f"{max(1, round(minutes))} min"
    return f"{hours:.1f} h" if hours < 10 else f"{hours:.0f} h"


def now() -> str:
    """Give the time as it is noted."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _above(name: str, expected: Mapping[str, Expected]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        parents = {parent for parent in expected[waiting.pop()].parents if parent in expected} - found
        found |= parents
        waiting += parents
    return found


def _busy_s(notes: Iterable[Mapping[str, Any]]) -> float:
    """Measure the time in which at least one stage ran: a run may have been stopped and continued."""
    spans = []
    for note in notes:
        end = datetime.fromisoformat(note["ended"]).timestamp()
        spans.append((end - float(note["wall_s"]), end))
    busy, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy
