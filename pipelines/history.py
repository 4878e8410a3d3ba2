"""What came of every recorded run, over time: from what git and DVC keep, and nothing else.

Three kinds of commits hold a dvc.lock: the user's own, DVC experiments, and those of `refs/flow/history`, in which the
flow notes its runs, as nobody commits what a night's run has made. The lock tells which record (`pipelines.records`) a
run ended with, and of which data, settings and code. The record itself is in the commit or in DVC's cache.
"""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from pipelines import experiments, graph
from pipelines.commands import PipelineError, dvc, git
from pipelines.origins import Origin, Values, dataset_of, of_records
from pipelines.records import Record
from pipelines.settings import PARAMS_FILE, read_yaml

RUNS = "refs/flow/history"
LOCK = "dvc.lock"
_EXPERIMENT = re.compile(r"^\t(\w+) \[(.+)\]$", re.MULTILINE)  # of what `dvc exp list` prints


@dataclass(frozen=True)
class Point:
    """A dataset after a run."""

    when: str  # ISO 8601
    names: tuple[str, ...]  # of the commits that have it, the earliest first
    dataset: str
    made: str  # hash of its record
    record: Record | None  # None where it is in no cache, or of another version
    origin: Origin

    @property
    def aside(self) -> bool:
        """Whether it is of an experiment alone: then the next run does not follow on it."""
        return all(name.startswith("experiment ") for name in self.names)


@dataclass(frozen=True)
class Step:
    """A point, and what is new in it."""

    point: Point
    verdict_changed: bool
    changes: list[str]

    def as_json(self) -> dict[str, Any]:
        """Write it for `python -m augment history`."""
        record, (data, settings) = self.point.record, self.point.origin.hashes()
        told = {"when": self.point.when, "names": self.point.names, "aside": self.point.aside, "data": data}
        told |= {"settings": settings, "changes": self.changes, "verdict_changed": self.verdict_changed}
        if record is None:
            return told | {"record": None}
        arms = {"without": record.without, "with": record.with_}
        scores = {key: (arm, arm.score(record.endpoint)) for key, arm in arms.items() if arm}
        return told | {
            "record": {
                "word": record.word,
                "endpoint": record.endpoint,
                "difference": record.difference and record.difference.model_dump(),
                **{key: {"arm": arm.name, **score.model_dump()} for key, (arm, score) in scores.items() if score},
            }
        }


def read(root: Path, last: int) -> dict[str, list[Step]]:
    """Read the history of each dataset, oldest first, from so many last commits of each kind, and the workspace."""
    cache, patterns = Path(dvc(root, "cache", "dir").strip()), graph.records(root)
    blobs: dict[str, list[tuple[str, str, Origin]]] = {}
    found: list[Point] = []
    for when, name, rev in sorted(_commits(root, last)):
        blob = git(root, "rev-parse", "--quiet", "--verify", f"{rev}:./{LOCK}", otherwise="")
        if blob and blob not in blobs:
            blobs[blob] = list(of_records(_parsed(git(root, "cat-file", "blob", blob)), patterns))
        for path, made, origin in blobs.get(blob, ()):
            content = git(root, "show", f"{rev}:./{path}", otherwise="") or _cached(cache, made)
            found.append(Point(when, (name,), dataset_of(path, patterns), made, Record.read(content), origin))
    now = _iso(time.time())
    for path, made, origin in of_records(read_yaml(root / LOCK), patterns):
        found.append(
            Point(now, ("workspace",), dataset_of(path, patterns), made, Record.read(_cached(cache, made)), origin)
        )
    return {name: list(_steps(each)) for name, each in sorted(_by_dataset(found).items())}


def between(steps: list[Step], first: int, second: int) -> list[str]:
    """Say what changed from one point of a dataset, counted from 1, to another. Raises PipelineError for none."""
    if wrong := [number for number in (first, second) if not 0 < number <= len(steps)]:
        raise PipelineError(f"no point {wrong[0]}: expected 1 to {len(steps)}, see `python -m pipelines history`")
    before, after = steps[first - 1].point, steps[second - 1].point
    return after.origin.changes(before.origin) or ["neither data, settings nor code"]


def table(steps: list[Step]) -> str:
    """Write the history of a dataset as text, oldest first."""
    head = ("#", "when", "of", "verdict", "endpoint", "without %", "with %", "difference", "data", "settings")
    rows = [head, *(_row(number, step) for number, step in enumerate(steps, 1))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for number, step in reversed(list(enumerate(steps, 1))):
        lines[number + 1 : number + 1] = [f"     {change}" for change in step.changes]
    if any(step.point.record is None for step in steps):
        lines.append(
            "Not here: not in DVC's cache (`dvc fetch --all-commits` gets what a remote has), or of another version."
        )
    return "\n".join(lines)


def _row(number: int, step: Step) -> tuple[str, ...]:
    point, record = step.point, step.point.record
    name = point.names[0] + (f" (+{len(point.names) - 1})" if len(point.names) > 1 else "")
    start, hashes = (str(number), point.when[:16].replace("T", " "), name), point.origin.hashes()
    if record is None:
        return *start, "not here", *["–"] * 4, *hashes
    scores = [arm and arm.score(record.endpoint) for arm in (record.without, record.with_)]
    told = [score.text() if score else "–" for score in scores]
    difference = record.difference.text("+") if record.difference else "–"
    return *start, ("! " if step.verdict_changed else "") + record.word, record.endpoint, *told, difference, *hashes


def note(root: Path, run: str, message: str) -> dict[str, tuple[Record | None, Record]]:
    """Note where a run has left the records; give those of each dataset before and now.

    Before is what the last noted run left, however it ended, so that nothing is passed over when one is killed. Nothing
    is added where nothing has changed.
    """
    patterns = graph.records(root)
    lock = read_yaml(root / LOCK)
    paths = [path for path, *_ in of_records(lock, patterns) if (root / path).is_file()]
    tip = git(root, "rev-parse", "--quiet", "--verify", RUNS, otherwise="")
    found: dict[str, tuple[Record | None, Record]] = {}
    for path in paths:
        before = Record.read(git(root, "show", f"{RUNS}:./{path}", otherwise="")) if tip else None
        if now := Record.read((root / path).read_bytes()):
            found[dataset_of(path, patterns)] = before, now
    if paths:
        settings = [PARAMS_FILE] if (root / PARAMS_FILE).is_file() else []
        _commit(root, [LOCK, *settings, *paths], tip, f"{run}\n\n{message}")
    return found


def _commit(root: Path, paths: Iterable[str], tip: str, message: str) -> None:
    with TemporaryDirectory() as folder:
        index, prefix = {"GIT_INDEX_FILE": str(Path(folder) / "index")}, git(root, "rev-parse", "--show-prefix")
        for path in paths:
            blob = git(root, "hash-object", "-w", "--no-filters", "--", path)
            git(root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{prefix}{path}", **index)
        tree = git(root, "write-tree", **index)
    if not tip or git(root, "rev-parse", f"{tip}^{{tree}}") != tree:
        commit = experiments.commit_of(root, tree, message, *([tip] if tip else []))
        git(root, "update-ref", RUNS, commit, tip or "0" * len(commit))


def _commits(root: Path, last: int) -> Iterator[tuple[str, str, str]]:
    """List time, name and hash of the commits that may have another dvc.lock."""
    form = (f"--max-count={last}", "--format=%H %ct %s")
    for line in git(root, "log", *form, "--", LOCK, otherwise="").splitlines():  # fails before the first commit
        commit, seconds, _ = line.split(" ", 2)
        yield _iso(float(seconds)), f"commit {commit[:7]}", commit
    for line in git(root, "log", *form, RUNS, "--", otherwise="").splitlines():
        commit, seconds, run = line.split(" ", 2)
        yield _iso(float(seconds)), f"run {run}", commit
    listed = _EXPERIMENT.findall(dvc(root, "exp", "list", "--all-commits"))
    for commit, name in listed[-last:]:
        seconds = git(root, "log", "--no-walk", "--format=%ct", commit)
        yield _iso(float(seconds)), f"experiment {name}", commit


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _parsed(text: str) -> Values:
    try:
        found = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:  # a commit of a merge that had not ended
        return {}
    return found if isinstance(found, dict) else {}


def _cached(cache: Path, made: str) -> bytes:
    """Read a file of DVC's cache, which is laid out as DVC documents it; empty if it is not there."""
    file = cache / "files" / "md5" / made[:2] / made[2:]
    return file.read_bytes() if file.is_file() else b""


def _by_dataset(points: Iterable[Point]) -> dict[str, list[Point]]:
    """Group points; of those that follow each other and are the same make one with all names."""
    found: dict[str, list[Point]] = {}
    for point in points:
        mine = found.setdefault(point.dataset, [])
        same = next((k for k, each in enumerate(mine) if _same(each, point)), None) if point.aside else None
        if same is None and not point.aside:
            line = [k for k, each in enumerate(mine) if not each.aside]
            same = line[-1] if line and _same(mine[line[-1]], point) else None
        if same is None:
            mine.append(point)
        elif point.names != ("workspace",):  # which then has nothing new
            mine[same] = replace(
                mine[same], names=(*mine[same].names, *point.names), record=mine[same].record or point.record
            )
    return found


def _same(one: Point, other: Point) -> bool:
    return (one.made, one.origin) == (other.made, other.origin)


def _steps(points: list[Point]) -> Iterator[Step]:
    before: Point | None = None
    known: Record | None = None  # the last that can be read
    for point in points:
        new = bool(known and point.record and known.word != point.record.word)
        yield Step(point, new, point.origin.changes(before.origin) if before else [])
        if not point.aside:
            before, known = point, point.record or known
