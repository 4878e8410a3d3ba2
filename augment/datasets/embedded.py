"""Tables that hold the images themselves: Parquet as Hugging Face's datasets write it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from augment.core.errors import DataError
from augment.core.text import first_line, listed
from augment.datasets.columns import Column, required
from augment.datasets.pictures import PictureSource
from augment.datasets.raw import FileAccount
from augment.datasets.shards import shards, split_of
from augment.datasets.tables import text
from augment.datasets.told import Content, Listing, Row, split_named, tell

BATCH = 64
"""Images in memory at once, as files; some are photographs of megabytes."""


class EmbeddedPictures(PictureSource):
    """Shards of Parquet with a column of images, as bytes or as Hugging Face's ``{bytes, path}``.

    Attributes:
        image: Column with the image file's bytes.
        label: Column with the class: text, or a number, whose name is taken from Hugging Face's metadata.
        group: Column with who or where an image is from; that of this name is read if there is one.
        split: Column with train, val or test; that of this name is read if there is one. Without it the name of a
            shard says its split (``train-00000-of-00002.parquet``), if it does.
    """

    image: Column = "image"
    label: Column = "label"
    group: Column = "group"
    split: Column = "split"

    def listing(self, raw: Path) -> Listing:
        """Read all columns but the images.

        Raises:
            DataError: There are no shards, one is broken or lacks a column, they differ in what labels mean, or an
                image has several labels.
        """
        names, account = shards(raw, (".parquet",))
        opened = [self._open(raw / name) for name in names]
        meanings = {each.classes for each in opened}
        if len(meanings) > 1:
            raise DataError(f"{raw}: expected one list of class names, found shards with several")
        rows = [row for name, each in zip(names, opened, strict=True) for row in self._rows(raw, name, each)]
        told = tell(raw, rows, FileAccount(account), _present(meanings.pop(), rows))
        return Listing(told, self._contents(raw, names))

    def _open(self, path: Path) -> "Shard":
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(path)
        except Exception as error:
            raise DataError(f"{path}: cannot be read ({first_line(error)}); truncated or no Parquet") from error
        columns = file.schema_arrow.names
        wanted = [self.image, self.label, *required(self, "group", "split")]
        if missing := [name for name in wanted if name not in columns]:
            raise DataError(
                f"{path}: expected the column(s) {listed(missing)}, found {listed(columns)}: say which is meant by "
                "`image` and `label` in the source's block"
            )
        return Shard(path, file, _class_names(file.schema_arrow.metadata or {}, self.label))

    def _rows(self, raw: Path, name: str, shard: "Shard") -> Iterator[Row]:
        wanted = [each for each in (self.label, self.group, self.split) if each in shard.file.schema_arrow.names]
        try:
            cells = shard.file.read(columns=wanted).to_pydict()
        except Exception as error:
            raise DataError(f"{raw / name}: cannot be read ({first_line(error)})") from error
        labels = [_label(shard, value, self.label) for value in cells[self.label]]
        without = [f"{name}#{number}" for number, label in enumerate(labels) if not label]
        if without:
            raise DataError(f"{raw}: expected a label for each image, found none for {listed(without)}")
        groups = [text(value).strip() for value in cells.get(self.group, [""] * len(labels))]
        words = [text(value) for value in cells.get(self.split, [""] * len(labels))]
        meaning = split_named(raw / name, set(words)) if self.split in cells else {"": split_of(name)}
        for number, (label, group, word) in enumerate(zip(labels, groups, words, strict=True)):
            yield Row(f"{name}#{number}", label, group, meaning[word])

    def _contents(self, raw: Path, names: Sequence[str]) -> Iterator[Content]:
        import pyarrow.parquet as pq

        for name in names:
            for batch in pq.ParquetFile(raw / name).iter_batches(batch_size=BATCH, columns=[self.image]):
                for number, value in enumerate(batch.column(0).to_pylist()):
                    yield _bytes(value, f"{raw / name}: {self.image}", number)


class Shard(NamedTuple):
    """A Parquet file, and the names of its classes; empty where it tells none."""

    path: Path
    file: Any
    classes: tuple[str, ...]


def _class_names(metadata: Mapping[bytes, bytes], label: str) -> tuple[str, ...]:
    """Read the names of a ``ClassLabel`` where Hugging Face's datasets put them."""
    try:
        feature = json.loads(metadata[b"huggingface"])["info"]["features"][label]
        return tuple(str(name) for name in feature["names"])
    except (KeyError, TypeError, ValueError):
        return ()


def _label(shard: Shard, value: Any, column: str) -> str:
    if isinstance(value, list | dict):
        raise DataError(f"{shard.path}: {column}: expected one label an image, found several")
    if shard.classes and isinstance(value, int):
        if not 0 <= value < len(shard.classes):
            raise DataError(
                f"{shard.path}: {column}: expected a number from 0 to {len(shard.classes) - 1}, found {value}"
            )
        return shard.classes[value]
    return text(value).strip()


def _present(classes: tuple[str, ...], rows: Sequence[Row]) -> list[str] | None:
    """Keep the names that some image has, in their own order."""
    found = {row.label for row in rows}
    return [name for name in classes if name in found] or None


def _bytes(value: Any, where: str, number: int) -> bytes:
    data = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(data, bytes):
        raise DataError(f"{where}: row {number}: expected an image's bytes, found {type(data).__name__}")
    return data
