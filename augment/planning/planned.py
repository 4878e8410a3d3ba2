"""The stages of a run, as DVC's graph names them."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augment.core.errors import ContainerError
from augment.core.paths import PathPattern
from augment.core.store import read_json

COMMAND = ["python", "-m", "augment"]


@dataclass(frozen=True)
class Planned:
    """One stage of the graph.

    Attributes:
        name: DVC's address, e.g. ``train_classifier@digits-real-plain``.
        parents: Stages that it waits for.
        stale: Whether it has to run, or may have to once its parents have run.
        command: Which of the project's own, e.g. ``train-classifier``; empty for any other.
        options: Its coordinates, e.g. ``dataset`` → ``digits``, and its paths.
    """

    name: str
    parents: tuple[str, ...]
    stale: bool
    command: str
    options: dict[str, str]

    @property
    def kind(self) -> str:
        """The name that it shares with the other stages of its matrix."""
        return self.name.partition("@")[0]

    @property
    def dataset(self) -> str:
        """Its dataset; empty for a stage that concerns them all."""
        return self.options.get("dataset", "")


def read_plan(path: Path) -> list[Planned]:
    """Read what ``python -m pipelines plan`` printed: every stage, parents first.

    Raises:
        ContainerError: It is no such file.
    """
    entries = read_json(path)
    try:
        return [_planned(name, entry) for name, entry in entries.items()]
    except (TypeError, KeyError, AttributeError) as error:
        raise ContainerError(f"{path}: expected what `python -m pipelines plan` prints ({error!r})") from error


def _planned(name: str, entry: dict[str, Any]) -> Planned:
    words = shlex.split(entry["command"])
    ours, rest = words[:3] == COMMAND and len(words) > 3, words[4:]
    axes = entry["axes"]
    paths = {key.removeprefix("--"): PathPattern(text) for key, text in zip(rest[::2], rest[1::2], strict=False)}
    options = {name: str(path.within(**axes)) for name, path in paths.items()} | axes if ours else {}
    return Planned(name, tuple(entry["parents"]), bool(entry["stale"]), words[3] if ours else "", options)
