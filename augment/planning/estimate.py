"""What a run will do and about how long it takes here, before it starts."""

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augment.core.errors import AugmentError
from augment.core.store import write_json
from augment.planning.facts import Facts, facts
from augment.planning.foresight import foreseen
from augment.planning.meter import Meter
from augment.planning.outlook import duration, now
from augment.planning.planned import Planned, read_plan
from augment.planning.work import Effort, Task, efforts
from augment.runtime.side_by_side import processes
from augment.settings import Settings

LONG_S = 30 * 60
"""From here on it is said what to change."""

LARGE_SIDE = 32
"""Pixels; images with a longer side are said to be what costs."""

Notes = Mapping[str, Mapping[str, Any]]
"""Stage → what it did cost in an earlier run, as `augment.costs` notes it."""


@dataclass(frozen=True)
class StageEstimate:
    """What a stage is to cost: seconds to start it, and its work."""

    stage: Planned
    start_s: float
    efforts: tuple[Effort, ...]

    def likely_s(self, processes: int) -> float:
        """Seconds, about, if it may have so many processes."""
        return self.start_s + sum(each.likely * each.each_s * each.shared(processes) for each in self.efforts)

    def most_s(self, processes: int) -> float:
        """Seconds, if no training stops before its last step."""
        return self.start_s + sum(each.count * each.each_s * each.shared(processes) for each in self.efforts)


@dataclass(frozen=True)
class Estimate:
    """What a run is to cost.

    Attributes:
        stages: Those that are to run, parents first.
        total: Number of all stages of the graph.
        known: The datasets among them, in numbers.
        unknown: What could not be estimated, a sentence each.
        processes: What a stage may have that runs alone.
        jobs: Stages side by side in a flow.
        foreseen: What a run will stumble over, a sentence each.
    """

    stages: tuple[StageEstimate, ...]
    total: int
    known: Mapping[str, Facts]
    unknown: tuple[str, ...]
    processes: int
    jobs: int
    foreseen: tuple[str, ...] = ()

    @property
    def likely_s(self) -> float:
        """Seconds, one stage after the other."""
        return sum(each.likely_s(self.processes) for each in self.stages)

    @property
    def side_by_side_s(self) -> float:
        """Seconds with ``jobs`` stages at a time: the longest way through the graph, or all shared out."""
        seconds = {each.stage.name: each.likely_s(1) for each in self.stages}
        ends: dict[str, float] = {}
        for each in self.stages:
            before = max((ends.get(name, 0.0) for name in each.stage.parents), default=0)
            ends[each.stage.name] = seconds[each.stage.name] + before
        return max(sum(seconds.values()) / self.jobs, max(ends.values(), default=0.0))

    def to_json(self) -> dict[str, Any]:
        """Give plain values, for `augment.planning.outlook`."""
        stages = {
            each.stage.name: {"seconds": round(each.likely_s(self.processes), 2), "parents": list(each.stage.parents)}
            for each in self.stages
        }
        return {"begun": now(), "stages": stages}


def command(settings: Settings, plan: Path, costs: Path, kept: Path, light_s: float) -> None:
    """Print what is to be done and how long it takes; keep it for the stages to tell how far the run is.

    Args:
        settings: All settings.
        plan: What ``python -m pipelines plan`` printed.
        costs: Folder of what stages did cost in earlier runs.
        kept: File to write.
        light_s: See `estimate`.

    Raises:
        ContainerError: ``plan`` is not what it should be.
    """
    print("estimate: a few steps of each kind of training are timed …", flush=True)
    made = estimate(settings, read_plan(plan), _notes(costs), light_s)
    write_json(kept, made.to_json())
    print("\n".join(told(made, settings)), flush=True)


def estimate(
    settings: Settings, plan: list[Planned], notes: Notes, light_s: float = 0.0, heavy_s: float | None = None
) -> Estimate:
    """Measure and add up.

    Args:
        settings: All settings.
        plan: All stages, parents first.
        notes: Of earlier runs.
        light_s: Seconds that Python took to start a stage without torch.
        heavy_s: The same with torch; by default what this process has taken so far.
    """
    heavy_s = time.process_time() if heavy_s is None else heavy_s
    raw = {stage.dataset: Path(stage.options["raw"]) for stage in plan if "raw" in stage.options}
    meter, known, unknown, found = Meter(settings.runtime), dict[str, Facts](), dict[str, str](), []
    ahead = list[str]()
    for stage in (each for each in plan if each.stale and each.command):
        work: list[Effort] = []
        try:
            if (name := stage.dataset) and name not in unknown:
                if name not in known:
                    spec = settings.datasets[name]
                    ahead += [f"{name}: {said}" for said in foreseen(settings, name, raw.get(name, Path()))]
                    known[name] = facts(spec.source, spec.split, spec.scarcity, raw.get(name, Path()))
                work = efforts(Task(stage, settings, known[name], meter, usual_steps(stage, notes)))
        except AugmentError as error:
            unknown[name] = f"{name}: cannot be prepared as it is, nor estimated: {error}"
        found.append(StageEstimate(stage, heavy_s if work else light_s, tuple(work)))
    jobs, cores = settings.flow.get("jobs") or os.cpu_count() or 1, processes(sys.maxsize, settings.runtime.threads)
    return Estimate(tuple(found), len(plan), known, tuple(unknown.values()), cores, int(jobs), tuple(ahead))


def usual_steps(stage: Planned, notes: Notes) -> float | None:
    """Give the steps after which a stage's trainings stopped by themselves: its own, else those of its kind."""
    own = [note for name, note in notes.items() if name == stage.name]
    kin = [note for name, note in notes.items() if name.partition("@")[0] == stage.kind]
    for group in (own, kin):
        trainings = sum(int(note.get("trainings", 0)) for note in group)
        if trainings:
            return sum(int(note.get("steps", 0)) for note in group) / trainings
    return None


def told(made: Estimate, settings: Settings) -> list[str]:
    """Say it, line by line."""
    if not made.stages:
        return [f"Nothing to do: all {made.total} stages are up to date."]
    of_dataset, of_kind = defaultdict[str, list[StageEstimate]](list), defaultdict[str, list[StageEstimate]](list)
    for each in made.stages:
        of_dataset[each.stage.dataset].append(each)
        of_kind[each.stage.kind].append(each)

    def about(stages: list[StageEstimate]) -> str:
        return duration(sum(each.likely_s(made.processes) for each in stages))

    def at_most(stages: Iterable[StageEstimate]) -> str:
        return duration(sum(each.most_s(made.processes) for each in stages))

    sets, recipes = len(settings.arms.train_sets), len(settings.arms.recipes)
    return [
        f"{len(made.stages)} of {made.total} stages are to run; what DVC has in its cache takes seconds instead.",
        *(f"  {name}: {known} images; about {about(of_dataset[name])}" for name, known in made.known.items()),
        *(f"  {sentence}" for sentence in made.unknown),
        f"  arms: {sets} training sets × {recipes} recipes, {settings.seeds} classifiers each",
        "",
        _row("stage", "number", "about", "at most"),
        *(_row(kind, str(len(group)), about(group), at_most(group)) for kind, group in of_kind.items()),
        "",
        f"About {duration(made.likely_s)} on this machine if it has nothing else to do, one stage after the other; "
        f"about {duration(made.side_by_side_s)} with {made.jobs} side by side (make flow). "
        f"At most {at_most(made.stages)}: trainings stop by themselves, usually long before their last step.",
        *(_advice(made) if made.likely_s > LONG_S else []),
        *(["", "Before it starts, mind:", *(f"  {sentence}" for sentence in made.foreseen)] if made.foreseen else []),
        "",
    ]


def _advice(made: Estimate) -> list[str]:
    """Name what takes longest, and what to change."""
    parts = defaultdict[tuple[str, str], list[Effort]](list)
    for effort in (effort for each in made.stages for effort in each.efforts):
        parts[effort.what, effort.key].append(effort)
    sums = [
        (sum(e.likely * e.each_s for e in group), sum(e.likely for e in group), *part) for part, group in parts.items()
    ]
    lines = ["", "What takes longest, and the setting to lower:"]
    for seconds, count, what, key in sorted(sums, reverse=True)[:3]:
        lines.append(f"  {duration(seconds)}: {count:,.0f} {what} of {seconds / count:.2g} s; {key}".rstrip("; "))
    large = [
        f"datasets.{name}.source.image_size" for name, known in made.known.items() if max(known.shape[1:]) > LARGE_SIDE
    ]
    if large:
        lines.append(f"  Images of half the side take a quarter of it all: {', '.join(large)}")
    return [*lines, "  A first answer in a fraction of the time: make quick"]


def _row(*cells: str) -> str:
    name, *numbers = cells
    return f"  {name:<20}" + "".join(f"{number:>10}" for number in numbers)


def _notes(costs: Path) -> Notes:
    """Read what stages did cost; a note that cannot be read is none."""
    found = {}
    for file in sorted(costs.glob("*.json")):
        try:
            note = json.loads(file.read_text(encoding="utf-8"))
            found[str(note["stage"])] = note
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found
