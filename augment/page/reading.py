"""Reads what the page shows. What is there in every run must be there; what may be missing is left out."""

import contextlib
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import yaml

from augment.core.errors import ContainerError
from augment.core.paths import PathPattern
from augment.core.records import read_record
from augment.core.settings_block import Spec
from augment.core.store import read_json
from augment.datasets.question import question
from augment.page.content import DatasetResults, Pictures, Provenance
from augment.results.record import Result

LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "pandas", "matplotlib", "dvc", "prefect")

TRANSLATORS = ("fourier", "histogram", "translator", "transport")
"""Kinds of synthesizers whose images are translations of real ones."""

NAMES = ("actual", "predicted", "figure")
"""Columns that are text even where they look like numbers or, as ``NA``, like nothing."""

T = TypeVar("T")


@dataclass(frozen=True)
class Places:
    """Where to read.

    Attributes:
        result: The record of the dataset.
        files: What became of its files.
        confusion: With the blanks ``{train_set}`` and ``{recipe}``.
        grid: With the blank ``{synthesizer}``, as are the rest; see `Pictures`.
        nearest_train: See `Pictures`.
        history: See `Pictures`.
        filmstrip: See `Pictures`.
    """

    result: Path
    files: Path
    confusion: PathPattern
    grid: PathPattern
    nearest_train: PathPattern
    history: PathPattern
    filmstrip: PathPattern


def read_dataset(name: str, spec: Any, synthesizers: Sequence[str], places: Places) -> DatasetResults:
    """Read what came of a dataset.

    Args:
        name: Of the dataset.
        spec: Its block of ``params.yaml``.
        synthesizers: Those that it is run with.
        places: Where to read.
    """
    result = read_record(Result, places.result)
    confusion: dict[str, pd.DataFrame] = {}
    for arm in result.arms:
        path = places.confusion.at(train_set=arm.train_set, recipe=arm.recipe)
        if (table := _known(path, read_table)) is not None:
            confusion[arm.name] = table
    return replace(
        read_point(name, spec, places.result),
        confusion=confusion,
        pictures=tuple(
            _read_pictures(each, places, translated=spec.synthesizers[each].kind in TRANSLATORS)
            for each in synthesizers
        ),
        account=_known(places.files, read_json),
    )


def read_point(name: str, spec: Any, result: Path) -> DatasetResults:
    """Read as much of a dataset as the overview shows.

    Args:
        name: Of the dataset.
        spec: Its block of ``params.yaml``.
        result: Where its record lies.
    """
    source = described(spec.source)
    images = name if spec.source.OWN_FILES else source
    return DatasetResults(
        result=read_record(Result, result),
        source=source,
        family=f"{images} {described(spec.split)}",
        per_class=spec.scarcity.count if spec.scarcity.kind == "per_class" else None,
        question=question(spec.split),
    )


def described(spec: Spec) -> str:
    """Say in words what a block of settings says, e.g. ``image folder, image size 24, mode rgb``."""
    parts: list[str] = []
    for name, value in spec.model_dump().items():
        words = name.replace("_", " ")
        if name == "kind":
            parts.insert(0, str(value).replace("_", " "))
        elif value is True:
            parts.append(words)
        elif value not in (None, False):
            parts.append(f"{words} {value}")
    return ", ".join(parts)


def _read_pictures(name: str, places: Places, *, translated: bool) -> Pictures:
    def found(pattern: PathPattern, reader: Callable[[Path], T]) -> T | None:
        return _known(pattern.at(synthesizer=name), reader)

    return Pictures(
        name=name,
        history=found(places.history, read_table),
        filmstrip=found(places.filmstrip, Path.read_bytes),
        grid=found(places.grid, Path.read_bytes),
        nearest=found(places.nearest_train, Path.read_bytes),
        translated=translated,
    )


def read_provenance(dataset: str, lock: Path, costs: Path, settings: Mapping[str, str]) -> Provenance:
    """Read where the figures of a dataset come from, as far as this machine knows.

    Args:
        dataset: Its name; what is of other datasets, or of those that are no more, is left out.
        lock: ``dvc.lock``.
        costs: Folder of the notes of `augment.costs`; one that cannot be read is as good as none.
        settings: Seeds and runtime, as they are told.
    """
    notes = []
    for path in sorted(costs.glob("*.json")):
        with contextlib.suppress(ContainerError):
            notes.append(read_json(path))
    everything = _known(lock, lambda path: yaml.safe_load(path.read_text(encoding="utf-8"))) or {}
    stages = everything.get("stages", {})
    revision, changed = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    made = {str(lock), *(entry["path"] for stage in stages.values() for entry in stage.get("outs", []))}
    return Provenance(
        made=datetime.now(UTC).strftime("on %d %B %Y at %H:%M UTC"),
        revision=revision[0] if revision else None,
        changed=tuple(name for line in changed if not _below(name := line.split(maxsplit=1)[1], made)),
        lock={"stages": {name: stage for name, stage in stages.items() if _concerns(name, dataset)}},
        costs={note["stage"]: note for note in notes if _concerns(note["stage"], dataset)},
        versions={name: version(name) for name in LIBRARIES},
        settings=settings,
    )


def _concerns(stage: str, dataset: str) -> bool:
    """Whether a stage is of a dataset: its coordinates, which have no hyphen themselves, begin with it."""
    return stage.partition("@")[2].partition("-")[0] == dataset


def _below(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _git(*words: str) -> list[str]:
    """Give the lines that git prints; none outside a repository, or without git."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.splitlines()


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV whose names are text, whatever they look like."""
    table = pd.read_csv(path, dtype=dict.fromkeys(NAMES, str), keep_default_na=False, na_values=[""])
    names = [name for name in NAMES if name in table]
    return table.fillna(dict.fromkeys(names, ""))


def _known(path: Path, reader: Callable[[Path], T]) -> T | None:
    return reader(path) if path.is_file() else None
