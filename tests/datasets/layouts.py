"""Two classes of small pictures, written in every layout that a source reads."""

import gzip
import io
import json
import struct
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from augment.core.images import UInt8Array

SIDE = 12
CLASSES = ("box", "disc")
SPLITS = ("train", "val", "test")


class Picture(NamedTuple):
    """One of 24: its place, label, split and pixels; the grey level at the top left is its number."""

    number: int
    label: int
    split: str
    pixels: UInt8Array

    @property
    def group(self) -> str:
        """Name one of three groups."""
        return f"p{self.number % 3}"

    def file(self, kind: str = "PNG") -> bytes:
        """Write it as a file of some kind."""
        buffer = io.BytesIO()
        Image.fromarray(self.pixels).save(buffer, kind)
        return buffer.getvalue()


def pictures() -> Iterator[Picture]:
    """Draw half of them for train, and of every split equally many of both classes."""
    rng = np.random.default_rng(0)
    for number in range(24):
        pixels = rng.integers(100, 250, (SIDE, SIDE), dtype=np.uint8)
        pixels[0, 0] = number
        yield Picture(number, number % 2, "train" if number < 12 else SPLITS[1 + number // 2 % 2], pixels)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def image_folder(raw: Path) -> None:
    for each in pictures():
        put(raw / CLASSES[each.label] / f"{each.number:02}.png", each.file())
    table = pd.DataFrame({"file": [f"{CLASSES[p.label]}/{p.number:02}.png" for p in pictures()]})
    table.assign(group=[p.group for p in pictures()]).to_csv(raw / "groups.csv", index=False)


def split_folders(raw: Path) -> None:
    words = {"train": "Train", "val": "valid", "test": "testing"}
    for each in pictures():
        put(raw / words[each.split] / CLASSES[each.label] / f"{each.number:02}.png", each.file())


def table(kind: str) -> Callable[[Path], None]:
    def write(raw: Path) -> None:
        rows = []
        for each in pictures():
            put(raw / "images" / f"{each.number:02}.png", each.file())
            rows.append((f"./images/{each.number:02}.png", CLASSES[each.label], each.group, each.split))
        frame = pd.DataFrame(rows, columns=["file", "label", "group", "split"])
        if kind == "csv":
            frame.to_csv(raw / "labels.csv", index=False)
        elif kind == "jsonl":
            frame.to_json(raw / "labels.jsonl", orient="records", lines=True)
        else:
            frame.to_parquet(raw / "labels.parquet")

    return write


def metadata(raw: Path) -> None:
    """Write Hugging Face's ImageFolder with a metadata.csv a split."""
    for split in SPLITS:
        own = [each for each in pictures() if each.split == split]
        for each in own:
            put(raw / split / f"{each.number:02}.png", each.file())
        rows = [(f"{each.number:02}.png", each.label) for each in own]
        pd.DataFrame(rows, columns=["file_name", "what"]).to_csv(raw / split / "metadata.csv", index=False)


def parquet(raw: Path) -> None:
    """Write shards with Hugging Face's names of classes."""
    features = {"image": {"_type": "Image"}, "label": {"names": list(CLASSES), "_type": "ClassLabel"}}
    told = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    for split, name in (("train", "train"), ("val", "validation"), ("test", "test")):
        own = [each for each in pictures() if each.split == split]
        for shard, some in enumerate((own[:4], own[4:])):
            columns = {
                "image": [{"bytes": each.file("BMP"), "path": None} for each in some],
                "label": [each.label for each in some],
                "group": [each.group for each in some],
            }
            shards = pa.table(columns).replace_schema_metadata(told)
            (raw / "data").mkdir(parents=True, exist_ok=True)
            pq.write_table(shards, raw / "data" / f"{name}-{shard:05}-of-00002.parquet")


def arrays() -> dict[str, tuple[UInt8Array, Any]]:
    found = {}
    for split in SPLITS:
        own = [each for each in pictures() if each.split == split]
        found[split] = np.stack([each.pixels for each in own]), np.array([each.label for each in own])
    return found


def npz_keras(raw: Path) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    named: dict[str, Any] = {
        f"{axis}_{split}": both[at] for split, both in arrays().items() for at, axis in enumerate("xy")
    }
    np.savez_compressed(raw / "data.npz", **named)


def npz_medmnist(raw: Path) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    named: dict[str, Any] = {}
    for split, (images, labels) in arrays().items():
        named |= {f"{split}_images": np.repeat(images[..., None], 3, axis=3), f"{split}_labels": labels[:, None]}
    np.savez(raw / "medmnist.npz", class_names=np.array(CLASSES), **named)


def idx(raw: Path) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    names = {"train": "train", "val": "val", "test": "t10k"}
    for split, (images, labels) in arrays().items():
        head = struct.pack(">HBBIII", 0, 8, 3, *images.shape)
        (raw / f"{names[split]}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + images.tobytes()))
        head = struct.pack(">HBBI", 0, 8, 1, len(labels))
        (raw / f"{names[split]}-labels-idx1-ubyte").write_bytes(head + labels.astype(np.uint8).tobytes())


def webdataset(raw: Path) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        with tarfile.open(raw / f"toys-{split}-000.tar", "w") as tar:
            for each in pictures():
                if each.split == split:
                    told = {"label": CLASSES[each.label], "group": each.group}
                    for suffix, data in (("png", each.file()), ("json", json.dumps(told).encode())):
                        member = tarfile.TarInfo(f"{each.number:04}.{suffix}")
                        member.size = len(data)
                        tar.addfile(member, io.BytesIO(data))


class Layout(NamedTuple):
    """How a layout is written, the settings that read it, and what it tells beside labels."""

    write: Callable[[Path], None]
    source: dict[str, Any]
    classes: tuple[str, ...] = CLASSES
    splits: bool = True
    groups: bool = False


LAYOUTS = {
    "image_folder": Layout(image_folder, {"kind": "image_folder", "groups": "groups.csv"}, splits=False, groups=True),
    "split_folders": Layout(split_folders, {"kind": "split_folders"}),
    "csv": Layout(table("csv"), {"kind": "image_table"}, groups=True),
    "jsonl": Layout(table("jsonl"), {"kind": "image_table", "table": "labels.jsonl"}, groups=True),
    "table_parquet": Layout(table("parquet"), {"kind": "image_table", "table": "labels.parquet"}, groups=True),
    "metadata": Layout(
        metadata,
        {"kind": "image_table", "table": "metadata.csv", "file": "file_name", "label": "what"},
        classes=("0", "1"),
    ),
    "parquet": Layout(parquet, {"kind": "parquet"}, groups=True),
    "huggingface": Layout(parquet, {"kind": "huggingface", "name": "someone/toys"}, groups=True),
    "npz_keras": Layout(npz_keras, {"kind": "npz"}, classes=("0", "1")),
    "npz_medmnist": Layout(npz_medmnist, {"kind": "npz"}),
    "idx": Layout(idx, {"kind": "idx"}, classes=("0", "1")),
    "webdataset": Layout(webdataset, {"kind": "webdataset"}, groups=True),
}
