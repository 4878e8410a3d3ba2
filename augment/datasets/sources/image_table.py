"""Image files, and a table that says what they show."""

import posixpath
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from augment.core.errors import DataError
from augment.core.text import listed
from augment.datasets.columns import Column, optional, required
from augment.datasets.pictures import PictureSource, unset
from augment.datasets.raw import FileAccount
from augment.datasets.told import SPLIT_OF, Listing, Row, pool_of, split_named, tell


class ImageTableSource(PictureSource):
    """Image files and a table of their labels (CSV, JSON lines or Parquet), as Hugging Face's `metadata.csv` is one.

    The table lies beside the images or above them, in the raw folder or in a folder a split (`train/metadata.csv`).
    An image that no row names is left out and counted, and so is one whose label is empty, but for `unlabelled`.

    Attributes:
        table: Its name; ``.csv``, ``.jsonl``, ``.ndjson`` or ``.parquet``.
        file: Its column with the image's path, seen from the table; ``/`` joins the parts.
        label: Its column with the class.
        group: Its column with who or where an image is from; that of this name is read if there is one.
        split: Its column with train, val or test; that of this name is read if there is one.
        unlabelled: Whether images of rows with an empty label are kept, apart from the others: recipes may learn from
            them.
    """

    kind: Literal["image_table"]
    table: Annotated[str, Field(pattern=r"^[\w.-]+\.(csv|jsonl|ndjson|parquet)$")] = "labels.csv"
    file: Column = "file"
    label: Column = "label"
    group: Column = "group"
    split: Column = "split"
    unlabelled: Annotated[bool, Field(exclude_if=unset)] = False

    def listing(self, raw: Path) -> Listing:
        """List the images that the table names.

        Raises:
            DataError: There is no table, it lacks a column, names images that are not there or several labels of one;
                or the folder cannot be used as it is, see `survey`.
        """
        from augment.datasets.files import images_below

        tables = _tables(raw, self.table)
        found = images_below(raw, beside=list(tables), loose=True)
        rows: list[Row] = []
        for table, split in tables.items():
            rows += self._rows(raw, table, split)
        there = set(found.names)
        missing = sorted({row.name for row in rows} - there)
        if missing:
            raise DataError(
                f"{raw / self.table}: names images that are not there: {listed(missing)}{_meant(missing[0], there)}"
            )
        labelled = [row for row in rows if row.label]
        pool = self._pool(raw, [row for row in rows if not row.label]) if self.unlabelled else []
        left_out = {reason: tuple(names) for reason, names in found.left_out.items()}
        without = tuple(sorted(there - {row.name for row in [*labelled, *pool]}))
        if without:
            left_out[f"no label in {self.table}"] = without
        told = tell(raw, labelled, FileAccount(left_out))
        groups = np.asarray([row.group for row in pool]) if pool and pool[0].group else None
        contents = (raw / row.name for row in labelled)
        return Listing(told, contents, pool_of(raw, [row.name for row in pool], groups))

    def _pool(self, raw: Path, rows: list[Row]) -> list[Row]:
        """Check the rows without labels as those with one are checked.

        Raises:
            DataError: There are none, or several of one image, or some have a group and others do not.
        """
        if not rows:
            raise DataError(
                f"{raw / self.table}: expected rows with an empty {self.label}, as source.unlabelled says; found none"
            )
        tell(raw, rows)
        return rows

    def _rows(self, raw: Path, table: str, split: str) -> list[Row]:
        from augment.datasets.tables import read_rows

        cells = read_rows(raw / table, [self.file, self.label, *required(self, "group", "split")])
        group, own = optional(cells, self.group), optional(cells, self.split)
        splits = split_named(raw / table, {row[own] for row in cells} if own else ())
        folder = posixpath.dirname(table)
        return [
            Row(
                posixpath.normpath(posixpath.join(folder, row[self.file].strip())),
                row[self.label].strip(),
                row[group].strip() if group else "",
                splits[row[own]] if own else split,
            )
            for row in cells
        ]


def _meant(name: str, there: set[str]) -> str:
    """Say which image is perhaps meant, and how paths are written."""
    own = PurePosixPath(name.replace("\\", "/"))
    found = [each for each in map(PurePosixPath, sorted(there)) if own.name in (each.name, each.stem)]
    told = f". Is {name} meant to be {found[0]}?" if len(found) == 1 else "."
    return f"{told} Paths are seen from the table, with their suffix, and joined by /"


def _tables(raw: Path, name: str) -> dict[str, str]:
    """Find the table, or one in each folder of a split: path below ``raw`` → split."""
    if (raw / name).is_file():
        return {name: ""}
    folders = sorted(folder.name for folder in raw.glob("*/") if folder.name.lower() in SPLIT_OF)
    found = {f"{folder}/{name}": SPLIT_OF[folder.lower()] for folder in folders if (raw / folder / name).is_file()}
    if not found:
        raise DataError(f"{raw / name}: expected a table of the images' labels here, found none")
    return found
