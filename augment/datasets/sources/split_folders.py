"""A folder a split, in it a folder of image files a class."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from augment.core.errors import DataError
from augment.core.text import listed
from augment.datasets.pictures import FolderName, PictureSource, unset
from augment.datasets.raw import FileAccount
from augment.datasets.told import SPLIT_OF, Listing, Row, pool_of, tell


class SplitFoldersSource(PictureSource):
    """One folder a split (`train`, `val`, `test`, or words like them), in each one folder of image files a class.

    Attributes:
        unlabelled: Name of a folder beside those whose images have no label: recipes may learn from them.
    """

    kind: Literal["split_folders"]
    unlabelled: Annotated[FolderName | None, Field(exclude_if=unset)] = None

    def listing(self, raw: Path) -> Listing:
        """List the images of every class folder of every split.

        Raises:
            DataError: A folder is no split, no two of them are there, or see `survey`.
        """
        from augment.datasets.files import survey

        folders, left_out = _folders(raw, self.unlabelled)
        rows: list[Row] = []
        warnings: list[str] = []
        for folder in folders:
            found = survey(raw / folder)
            rows += [
                Row(f"{folder}/{name}", label, split=SPLIT_OF[folder.lower()])
                for label, own in found.files.items()
                for name in own
            ]
            for reason, names in found.left_out.items():
                left_out.setdefault(reason, []).extend(f"{folder}/{name}" for name in names)
            warnings += found.warnings
        pool = [] if self.unlabelled is None else _without_labels(raw, self.unlabelled, left_out)
        account = FileAccount({reason: tuple(names) for reason, names in left_out.items()}, (), tuple(warnings))
        return Listing(tell(raw, rows, account), (raw / row.name for row in rows), pool_of(raw, pool))


def _without_labels(raw: Path, folder: str, left_out: dict[str, list[str]]) -> list[str]:
    """Name the images of a folder, and add the files in it that are left out to the others."""
    from augment.datasets.files import NO_IMAGES, images_below

    found = images_below(raw / folder, loose=True) if (raw / folder).is_dir() else None
    if found is None or not found.names:
        raise DataError(NO_IMAGES.format(raw / folder))
    for reason, names in found.left_out.items():
        left_out.setdefault(reason, []).extend(f"{folder}/{name}" for name in names)
    return [f"{folder}/{name}" for name in found.names]


def _folders(raw: Path, unlabelled: str | None) -> tuple[list[str], dict[str, list[str]]]:
    """Name the folders of splits, and the files beside them that are left out."""
    from augment.datasets.files import harmless

    try:
        entries = sorted(os.scandir(raw), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{raw}: expected a folder a split, e.g. {raw}/train/cat/1.png ({error.strerror})") from error
    left_out: dict[str, list[str]] = {}
    folders, others = [], []
    for entry in entries:
        reason = harmless(entry.name, entry.stat(follow_symlinks=False).st_mode)
        if reason:
            left_out.setdefault(reason, []).append(entry.name)
        elif entry.is_dir(follow_symlinks=False) and entry.name.lower() in SPLIT_OF:
            folders.append(entry.name)
        elif entry.is_dir(follow_symlinks=False) and entry.name == unlabelled:
            continue
        else:
            others.append(entry.name)
    if others or len({SPLIT_OF[name.lower()] for name in folders}) < 2:
        raise DataError(
            f"{raw}: expected a folder each for two or three splits, called {', '.join(SPLIT_OF)}; found "
            f"{listed([*folders, *others]) or 'none'}"
        )
    return folders, left_out
