"""The Croissant file of an exported image set (https://docs.mlcommons.org/croissant/docs/croissant-spec.html, 1.0).

Tools find by it which files there are and what the columns of the table of all images hold.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from augment.exporting.datasheet import COLUMNS
from augment.exporting.layout import Layout
from augment.finished.images import Part

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "equivalentProperty": "cr:equivalentProperty",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""As the specification gives it."""

KINDS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".npz": "application/zip",
    ".parquet": "application/x-parquet",
    ".tar": "application/x-tar",
}
"""Files that are named one by one, with their hashes; of PNG files there may be millions, and the table has hashes."""

INTEGER, FLOAT, BOOLEAN, TEXT = "sc:Integer", "sc:Float", "sc:Boolean", "sc:Text"


def croissant(part: Part, layout: Layout, export: Path) -> str:
    """Write it, as JSON.

    Args:
        part: The image set.
        layout: Its format.
        export: The folder with all of its files.
    """
    files = [path for path in sorted(export.rglob("*")) if path.suffix in KINDS and path.parent.name != ""]
    names = [path.relative_to(export).as_posix() for path in files]
    about = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"{part.dataset}_{part.what}",
        "description": f"{len(part.images)} labelled images, {int(part.synthetic.sum())} of them synthetic.",
        "distribution": [_file(path, name) for path, name in zip(files, names, strict=True)],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "images",
                "description": "One record an image.",
                "field": [_field("file_name", TEXT, layout), *_fields(part.facts, layout)],
            }
        ],
    }
    return json.dumps(about, indent=2, ensure_ascii=False) + "\n"


def _file(path: Path, name: str) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": KINDS[path.suffix],
        "sha256": digest,
    }


def _fields(facts: pd.DataFrame, layout: Layout) -> list[dict[str, Any]]:
    return [_field(str(name), _kind(facts[name]), layout) for name in facts.columns]


def _kind(column: "pd.Series[Any]") -> str:
    """Name the type of a column's values. What may be missing is no whole number to pandas, once it is read back."""
    if pd.api.types.is_bool_dtype(column) and not column.isna().any():
        return BOOLEAN
    if pd.api.types.is_integer_dtype(column) and not column.isna().any():
        return INTEGER
    if pd.api.types.is_float_dtype(column):
        return FLOAT
    return TEXT


def _field(name: str, kind: str, layout: Layout) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"images/{name}",
        "description": COLUMNS.get(name, name),
        "dataType": kind,
        "source": {"fileObject": {"@id": layout.metadata}, "extract": {"column": name}},
    }
