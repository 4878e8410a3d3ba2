"""How far a run is, told at the start of each stage from what was estimated before it and what it has cost so far."""

import json
import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from augment.costs import RANK, STAGE

TRUST_S = 20.0
"""Seconds of work after which what a run has really cost counts as much as what was estimated."""

Note = Mapping[str, Any]


class Expected(NamedTuple):
    """What was estimated of a stage: seconds, and the stages before it."""

    seconds: float
    parents: list[str]


class Outlook(NamedTuple):
    """Where a run stands: number of the stage that begins, from 1, stages of the run, seconds until its end."""

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
        expected = {stage: Expected(**each) for stage, each in noted["stages"].items()}
        notes = [json.loads(file.read_text(encoding="utf-8")) for file in costs.glob("*.json")]
        found = outlook(name, expected, [note for note in notes if _ended(note) >= _ended({"ended": noted["begun"]})])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    if found is not None:
        print(found, flush=True)


def outlook(name: str, expected: Mapping[str, Expected], notes: Collection[Note]) -> Outlook | None:
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
    """Name the stages of the run that a stage waits for."""
    found, waiting = set[str](), [name]
    while waiting:
        parents = {parent for parent in expected[waiting.pop()].parents if parent in expected} - found
        found |= parents
        waiting += parents
    return found


def _busy_s(notes: Collection[Note]) -> float:
    """Measure the time in which at least one stage ran: a run may have been stopped and continued."""
    busy, until = 0.0, float("-inf")
    for start, end in sorted((_ended(note) - float(note["wall_s"]), _ended(note)) for note in notes):
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy


def _ended(note: Note) -> float:
    return datetime.fromisoformat(note["ended"]).timestamp()
