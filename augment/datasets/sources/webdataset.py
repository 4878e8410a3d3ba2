"""Tar files in which each image lies beside its label."""

import json
import posixpath
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from augment.core.errors import DataError
from augment.core.text import first_line, listed
from augment.datasets.columns import Column
from augment.datasets.pictures import PictureSource
from augment.datasets.raw import FileAccount
from augment.datasets.shards import shards, split_of
from augment.datasets.tables import text
from augment.datasets.told import Content, Listing, Row, tell
from augment.datasets.unread import remedies

Sample = dict[str, str]
"""Suffix in lower case → name of the member."""


class WebDatasetSource(PictureSource):
    """WebDataset's tar files: members with one name but for the suffix are of one image: `0.png`, `0.cls`, `0.json`.

    The name of a shard says its split (``train-000.tar``), if it does. The label stands in ``.cls`` (or ``.txt``) or in
    ``.json``; where the former has a number and the latter a name, the name is taken.

    Attributes:
        label: Key of the class in ``.json``; read where there is no ``.cls``, or a number in it.
        group: Key in ``.json`` of who or where an image is from; read if there is one.
    """

    kind: Literal["webdataset"]
    label: Column = "label"
    group: Column = "group"

    def listing(self, raw: Path) -> Listing:
        """Read all labels.

        Raises:
            DataError: There are no tar files, one is broken, a member is neither read nor known, or an image has no
                label, or several.
        """
        names, account = shards(raw, (".tar",))
        rows: list[Row] = []
        members: list[list[str]] = []
        for name in names:
            found = self._rows(raw / name, name)
            rows += [row for row, _ in found]
            members.append([member for _, member in found])
        return Listing(tell(raw, rows, FileAccount(account)), _contents(raw, names, members))

    def _rows(self, path: Path, name: str) -> list[tuple[Row, str]]:
        """Tell of each sample what its members say, and which member is the image."""
        try:
            with tarfile.open(path, "r:") as tar:
                texts = {
                    member.name: read.read()
                    for member in tar
                    if member.isfile() and _suffix(member.name) in TEXTS and (read := tar.extractfile(member))
                }
                samples = _samples(path, (member for member in tar.getmembers() if not member.isdir()))
        except (tarfile.TarError, OSError, EOFError) as error:
            raise DataError(f"{path}: cannot be read ({first_line(error)}); truncated or no tar file") from error
        rows, problems = [], []
        for key, sample in samples.items():
            images = [sample[suffix] for suffix in sample if suffix not in TEXTS]
            label, group = self._told({suffix: texts[sample[suffix]] for suffix in sample if suffix in TEXTS})
            if len(images) == 1 and label:
                rows.append((Row(f"{name}/{key}", label, group, split_of(name)), images[0]))
            else:
                problems.append(f"{key} ({listed(sorted(sample))})")
        if problems:
            raise DataError(
                f"{path}: expected an image and one label (.cls, .txt, or {self.label!r} in .json) for each name, "
                f"found others for {listed(problems)}"
            )
        return rows

    def _told(self, texts: dict[str, bytes]) -> tuple[str, str]:
        """Read label and group; empty where they are not told, or are no single word."""
        try:
            fields = json.loads(texts.get("json", b"{}"))
            plain = next((texts[suffix].decode("utf-8").strip() for suffix in ("cls", "txt") if suffix in texts), "")
        except ValueError:
            return "", ""
        values = [fields.get(key) if isinstance(fields, dict) else None for key in (self.label, self.group)]
        label, group = ("" if isinstance(value, list | dict) else text(value).strip() for value in values)
        named = label if isinstance(values[0], str) else ""
        return (named if plain.isdecimal() else "") or plain or label, group


TEXTS = ("cls", "txt", "json")


def _suffix(name: str) -> str:
    """Give what follows the first dot of a member's own name, as WebDataset takes a name apart."""
    return posixpath.basename(name).partition(".")[2].lower()


def _samples(path: Path, members: Iterator[tarfile.TarInfo]) -> dict[str, Sample]:
    from augment.datasets.files import SUFFIXES

    samples: dict[str, Sample] = {}
    unread = []
    for member in members:
        suffix, own = _suffix(member.name), posixpath.basename(member.name)
        if own.startswith("."):
            continue
        if not member.isfile() or (suffix not in TEXTS and f".{suffix}" not in SUFFIXES):
            unread.append(member.name)
            continue
        key = posixpath.join(posixpath.dirname(member.name), own.partition(".")[0])
        samples.setdefault(key, {})[suffix] = member.name
    if unread:
        kinds = ", ".join([*SUFFIXES, *(f".{each}" for each in TEXTS)])
        told = "".join(f"\n  {remedy}" for remedy in remedies(unread))
        raise DataError(f"{path}: expected members of the kinds {kinds}, found {listed(unread)}{told}")
    return samples


def _contents(raw: Path, names: Sequence[str], members: Sequence[Sequence[str]]) -> Iterator[Content]:
    for name, own in zip(names, members, strict=True):
        with tarfile.open(raw / name, "r:") as tar:
            for member in own:
                opened = tar.extractfile(member)
                yield opened.read() if opened else b""
