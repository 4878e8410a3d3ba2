"""What a run will do and about how long it takes here, before it starts."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augment.core.errors import AugmentError
from augment.core.store import write_json
from augment.datasets.sources import load_raw
from augment.planning.facts import Facts, facts
from augment.planning.meter import Meter
from augment.planning.outlook import duration, now
from augment.planning.planned import Planned, read_plan
from augment.planning.work import Effort, Task, efforts
from augment.settings import Settings

LONG_S = 30 * 60
"""From here on it is said what to change."""

LARGE_SIDE = 32
"""Pixels; images with a longer side are said to be what costs."""


@dataclass(frozen=True)
class StageEstimate:
    """What a stage is to cost.

    Attributes:
        stage: The stage.
        start_s: Seconds to start it.
        efforts: Its work.
    """

    stage: Planned
    start_s: float
    efforts: tuple[Effort, ...]

    @property
    def likely_s(self) -> float:
        """Seconds, about."""
        return self.start_s + sum(each.likely_s for each in self.efforts)

    @property
    def most_s(self) -> float:
        """Seconds, if no training stops before its last step."""
        return self.start_s + sum(each.most_s for each in self.efforts)


@dataclass(frozen=True)
class Estimate:
    """What a run is to cost.

    Attributes:
        stages: Those that are to run, parents first.
        total: Number of all stages of the graph.
        known: The datasets among them, in numbers.
        unknown: What could not be estimated, a sentence each.
        jobs: Stages side by side in a flow.
    """

    stages: tuple[StageEstimate, ...]
    total: int
    known: Mapping[str, Facts]
    unknown: tuple[str, ...]
    jobs: int

    @property
    def likely_s(self) -> float:
        """Seconds, one stage after the other."""
        return sum(each.likely_s for each in self.stages)

    @property
    def most_s(self) -> float:
        """Seconds, if no training stops before its last step."""
        return sum(each.most_s for each in self.stages)

    def of(self, dataset: str) -> float:
        """Seconds of one dataset's own stages."""
        return sum(each.likely_s for each in self.stages if each.stage.dataset == dataset)

    @property
    def side_by_side_s(self) -> float:
        """Seconds with ``jobs`` stages at a time: the longest way through the graph, or all shared out."""
        ends: dict[str, float] = {}
        for each in self.stages:
            ends[each.stage.name] = each.likely_s + max((ends.get(name, 0.0) for name in each.stage.parents), default=0)
        return max(self.likely_s / self.jobs, max(ends.values(), default=0.0))

    def to_json(self) -> dict[str, Any]:
        """Give plain values, for `augment.planning.outlook`."""
        return {
            "begun": now(),
            "stages": {
                each.stage.name: {"seconds": round(each.likely_s, 2), "parents": list(each.stage.parents)}
                for each in self.stages
            },
        }


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
    settings: Settings, plan: list[Planned], notes: Mapping[str, Mapping[str, Any]], light_s: float = 0.0
) -> Estimate:
    """Measure and add up.

    Args:
        settings: All settings.
        plan: All stages, parents first.
        notes: Stage → what it did cost in an earlier run, as `augment.costs` notes it.
        light_s: Seconds that Python took to start a stage without torch.
    """
    heavy_s = time.process_time()  # a stage that computes starts as this command did
    meter, known, unknown, found = Meter(settings.runtime), dict[str, Facts](), dict[str, str](), []
    for stage in plan:
        if not stage.stale or stage.module is None:
            continue
        work: list[Effort] = []
        try:
            if stage.dataset:
                if stage.dataset not in known:
                    known[stage.dataset] = _facts(stage.dataset, settings, plan)
                task = Task(stage, settings, known[stage.dataset], meter, usual_steps(stage, notes))
                work = efforts(task)
        except AugmentError as error:
            unknown[stage.dataset] = f"{stage.dataset}: cannot be estimated: {error}"
        found.append(StageEstimate(stage, heavy_s if work else light_s, tuple(work)))
    jobs = settings.flow.get("jobs") or os.cpu_count() or 1
    return Estimate(tuple(found), len(plan), known, tuple(unknown.values()), int(jobs))


def usual_steps(stage: Planned, notes: Mapping[str, Mapping[str, Any]]) -> float | None:
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
    lines = [f"{len(made.stages)} of {made.total} stages are to run; what DVC has in its cache takes seconds instead."]
    lines += [f"  {name}: {known} images; about {duration(made.of(name))}" for name, known in made.known.items()]
    lines += [f"  {sentence}" for sentence in made.unknown]
    sets, recipes = len(settings.arms.train_sets), len(settings.arms.recipes)
    lines += [f"  arms: {sets} training sets × {recipes} recipes, {settings.seeds} classifiers each", ""]
    lines += [_row("stage", "number", "about", "at most")]
    lines += [
        _row(
            kind,
            str(len(group)),
            duration(sum(each.likely_s for each in group)),
            duration(sum(each.most_s for each in group)),
        )
        for kind, group in _by_kind(made.stages).items()
    ]
    lines += [
        "",
        f"About {duration(made.likely_s)} on this machine if it has nothing else to do, one stage after the other; "
        f"about {duration(made.side_by_side_s)} with {made.jobs} side by side (make flow). "
        f"At most {duration(made.most_s)}: trainings stop by themselves, usually long before their last step.",
    ]
    return lines + (_advice(made) if made.likely_s > LONG_S else []) + [""]


def _advice(made: Estimate) -> list[str]:
    """Name what takes longest, and what to change."""
    parts: dict[tuple[str, str], list[Effort]] = {}
    for each in made.stages:
        for effort in each.efforts:
            parts.setdefault((effort.what, effort.key), []).append(effort)
    longest = sorted(parts.items(), key=lambda part: -sum(effort.likely_s for effort in part[1]))[:3]
    lines = ["", "What takes longest, and the setting to lower:"]
    for (what, key), group in longest:
        count, seconds = sum(effort.likely for effort in group), sum(effort.likely_s for effort in group)
        lines.append(f"  {duration(seconds)}: {count:,.0f} {what} of {seconds / count:.2g} s; {key}".rstrip("; "))
    large = [f"datasets.{name}.source" for name, known in made.known.items() if max(known.shape[1:]) > LARGE_SIDE]
    if large:
        lines.append(f"  Images of half the side take a quarter of it all: {', '.join(large)}")
    return [*lines, "  A first answer in a fraction of the time: make quick"]


def _by_kind(stages: Iterable[StageEstimate]) -> dict[str, list[StageEstimate]]:
    kinds: dict[str, list[StageEstimate]] = {}
    for each in stages:
        kinds.setdefault(each.stage.kind, []).append(each)
    return kinds


def _row(*cells: str) -> str:
    name, *numbers = cells
    return f"  {name:<20}" + "".join(f"{number:>10}" for number in numbers)


def _facts(name: str, settings: Settings, plan: list[Planned]) -> Facts:
    loaders = [stage for stage in plan if stage.dataset == name and stage.calls(load_raw)]
    raw = Path(loaders[0].options["raw"]) if loaders else Path()
    dataset = settings.datasets[name]
    return facts(dataset.source, dataset.split, dataset.scarcity, raw)


def _notes(costs: Path) -> dict[str, Mapping[str, Any]]:
    """Read what stages did cost; a note that cannot be read is none."""
    found = {}
    for file in sorted(costs.glob("*.json")):
        try:
            note = json.loads(file.read_text(encoding="utf-8"))
            found[str(note["stage"])] = note
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found
