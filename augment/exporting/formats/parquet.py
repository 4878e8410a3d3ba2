"""Parquet with the PNG files inside, in Hugging Face's layout."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from augment.core.images import blocks
from augment.exporting.layout import FORMATS, Layout, metadata, numbers, picture
from augment.exporting.pieces import Piece, Writer
from augment.finished.images import Part

SHARD = 256 << 20
"""Bytes of pixels in one file, at most."""
GROUP = 8 << 20
"""Bytes of pixels in one row group: what a reader has to hold at once."""


@FORMATS.register
def parquet(part: Part, target: str) -> Layout:
    """``data/SPLIT-00000-of-00001.parquet``: a column ``image``, and one for each of those of ``metadata.csv``."""
    names = [f"{number}.png" for number in numbers(part)]
    schema = _schema(part)
    shards = list(blocks(len(names), math.prod(part.images.shape), SHARD))

    def pieces() -> Iterator[Piece]:
        yield metadata(part, names)
        for number, rows in enumerate(shards):
            name = f"data/{part.split}-{number:05d}-of-{len(shards):05d}.parquet"
            yield Piece(name, rows.stop - rows.start, _writer(part, rows, names, schema))

    usage = f"""import datasets, pandas

images = datasets.load_dataset("{target}", split="{part.split}")
table = pandas.read_parquet("{target}/data")  # the PNG files are in image.bytes"""
    return Layout(pieces(), "metadata.csv", f"data/{part.split}-*.parquet", usage)


def _writer(part: Part, rows: slice, names: list[str], schema: pa.Schema) -> Writer:
    def write(path: Path, _: Path) -> None:
        with pq.ParquetWriter(path, schema, compression="zstd", write_statistics=False) as writer:
            for some in blocks(rows.stop - rows.start, math.prod(part.images.shape), GROUP):
                group = slice(rows.start + some.start, rows.start + some.stop)
                writer.write_table(pa.Table.from_pydict(_columns(part, group, names), schema=schema))

    return write


def _columns(part: Part, rows: slice, names: list[str]) -> dict[str, Any]:
    facts = part.facts.iloc[rows]
    images = [{"bytes": picture(part, row), "path": names[row]} for row in range(rows.start, rows.stop)]
    told = {name: pa.array(facts[name], from_pandas=True) for name in facts.columns if name != "label"}
    return {"image": images, "label": told.pop("label_index"), **told}


def _schema(part: Part) -> pa.Schema:
    """Give the columns, and what Hugging Face's datasets takes them for."""
    facts = part.facts.iloc[:0].drop(columns=["label", "label_index"])
    told = pa.Schema.from_pandas(facts, preserve_index=False).remove_metadata()
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    fields = [pa.field("image", image), pa.field("label", pa.int64())]
    fields += [pa.field(each.name, _plain(each.type)) for each in told]
    features: dict[str, Any] = {
        "image": {"_type": "Image"},
        "label": {"_type": "ClassLabel", "names": list(part.images.classes)},
    }
    features |= {each.name: {"_type": "Value", "dtype": _dtype(each.type)} for each in fields[2:]}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(fields, metadata=about)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Take the kinds that every reader knows."""
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_null(kind) else kind


def _dtype(kind: pa.DataType) -> str:
    return {"double": "float64"}.get(str(kind), str(kind))
