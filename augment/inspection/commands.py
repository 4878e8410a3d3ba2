"""The verbs ``inspect`` and ``add``."""

import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from augment.core.errors import DataError, SettingsError
from augment.core.settings_block import Name, parse
from augment.core.settings_file import load_yaml
from augment.core.store import whole, write_text
from augment.core.text import counted
from augment.inspection.findings import Findings, look
from augment.inspection.labels import label_errors
from augment.inspection.recognition import opened, place, reader, recognised
from augment.inspection.report import lines, lost_labels, wrapped, write_page
from augment.inspection.settings_text import block_text, with_dataset
from augment.inspection.suggestion import Suggestion, dataset_block, suggest
from augment.settings import Settings, load_settings

Cost = Callable[[Path, str, dict[str, Any], Path], str]
"""Says what a run takes: settings, name of the dataset, its block, folder of its images."""


def inspect(source: Path, params: Path, page: Path | None, cost: Cost | None = None) -> None:
    """Say what a folder or a file of images holds, what it can answer, which block would read it, and what a run takes.

    Raises:
        DataError: It is of no layout that is read, or cannot be used as it is.
    """
    with opened(source) as raw:
        found, suggestion = _looked_at(raw)
        errors = label_errors(found)
        name = dataset_name(source)
        settings = dataset_block(suggestion, _synthesizers(params))
        block = block_text(name, settings)
        for line in lines(found, suggestion, errors):
            print(line)
        first = "" if suggestion.counts and not found.unread else ", once what is said above is mended"
        command = f"python -m augment add {name} {shlex.quote(str(source))}"
        print(f"\nSuggested, and written to {params.name}{first} by: {command}\n\n{block}", end="", flush=True)
        takes = cost(params, name, settings, raw) if cost and suggestion.counts else ""
        if takes:
            print(f"\n{wrapped('A run takes', takes)}")
        if page is not None:
            write_page(page, found, suggestion, errors, block, takes)
            print(f"\nWith pictures: {page}")


def add(name: str, source: Path, params: Path, raw: Path, *, quick: bool, copied: bool) -> None:
    """Write a dataset's block into the settings, and put its files where the pipeline reads them.

    Args:
        name: Of the dataset.
        source: A folder or a file of images; it stays as it is.
        params: The settings.
        raw: The folder of raw datasets, ``raw``.
        quick: Whether a first look is enough: smaller images, fewer steps.
        copied: Whether files are copied. Otherwise they get a second name, which takes no space.

    Raises:
        SettingsError: The name is taken or cannot be one, or the settings do not take another dataset.
        DataError: See `inspect`; or files are there already, cannot be read, or are too few to be dealt to the splits.
    """
    parse(TypeAdapter(Name), name, "the name of the dataset")
    if name in load_settings(params).datasets:
        raise SettingsError(f"{params}: datasets.{name} already exists; expected another name")
    target = raw / name
    there = source.resolve() == target.resolve()
    if not there and target.exists() and any(target.iterdir()):
        raise DataError(f"{target}: expected nothing there yet; nothing is overwritten. Take it away, or name another")
    with opened(source) as folder:
        found, suggestion = _looked_at(folder, quick=quick)
        if found.unread:
            some = "\n  ".join(f"{name}: {why}" for name, why in list(found.unread.items())[:10])
            raise DataError(f"{source}: {counted(len(found.unread), 'image')} cannot be read:\n  {some}")
        if not suggestion.counts:
            why = [suggestion.doubts[-1], *lost_labels(found)]
            raise DataError(f"{source}: cannot be dealt to train, val and test: {'; '.join(why)}")
        block = dataset_block(suggestion, _synthesizers(params), quick=quick)
        text = with_dataset(params, name, block)
        _require_sound(params, text)
        if not there:
            _put(folder, target, copied=copied)
    try:
        write_text(params, text)
    except BaseException:
        if not there:
            shutil.rmtree(target)
        raise
    print(f"{params}: added\n\n{block_text(name, block)}")
    print(f"The test split asks: {suggestion.question}")
    print(f"Images: {target}" + ("" if there or copied else " (second names of the same files: no space is taken)"))
    print(f"Next: {'make quick' if quick else 'make repro'}   (dvc add {target} puts the images under version control)")


def dataset_name(source: Path) -> str:
    """Make a name of that of a folder or file."""
    name = re.sub(r"[^a-z0-9]+", "_", source.resolve().stem.lower()).strip("_")
    return name if re.match(r"[a-z]", name) else f"images_{name}".rstrip("_")


def _looked_at(raw: Path, *, quick: bool = False) -> tuple[Findings, Suggestion]:
    block = recognised(raw)
    found = look(reader(block), raw)
    return found, suggest(block, found, quick=quick)


def _synthesizers(params: Path) -> dict[str, str]:
    """Tell the synthesizers that every dataset is run with, and of which kind: as the first dataset has them."""
    settings = load_settings(params)
    first = next(iter(settings.datasets.values())).synthesizers
    return {name: str(first[name].tag()) for name in settings.synthesizer_names()}


def _require_sound(params: Path, text: str) -> None:
    """Refuse a text that is no settings before it takes the place of those that are."""
    draft = params.with_name(f".{params.name}.draft")
    try:
        write_text(draft, text)
        parse(Settings, load_yaml(draft), str(params))
    except SettingsError as error:
        raise SettingsError(str(error).replace(str(draft), str(params))) from error
    finally:
        draft.unlink(missing_ok=True)


def _put(source: Path, target: Path, *, copied: bool) -> None:
    """Put every file at its place below the target, whole or not at all."""
    if target.exists():
        target.rmdir()
    with whole(target) as draft:
        for folder, _, files in os.walk(source):
            here = draft / Path(folder).relative_to(source)
            here.mkdir(parents=True, exist_ok=True)
            for file in files:
                put: Any = shutil.copyfile if copied else place
                put(Path(folder, file), here / file)
