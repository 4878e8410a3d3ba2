"""Images and one JSON file, as the COCO dataset has them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from augment.exporting.layout import FORMATS, Layout, metadata, numbers, picture_piece
from augment.exporting.pieces import Piece
from augment.finished.images import Part

ANNOTATIONS = "annotations.json"


@FORMATS.register
def coco_json(part: Part, target: str) -> Layout:
    """``images/000000.png`` and ``annotations.json``: one annotation an image, whose box is the whole of it.

    Categories, images and annotations are numbered from 1, as tools expect it; what is known of an image stands beside
    its size.
    """
    names = [f"{number}.png" for number in numbers(part)]

    def pieces() -> Iterator[Piece]:
        yield metadata(part, [f"images/{name}" for name in names])
        yield Piece(ANNOTATIONS, 0, lambda path, _: _write(path, part, names))
        for row, name in enumerate(names):
            yield picture_piece(part, row, f"images/{name}")

    usage = f"""from pycocotools.coco import COCO

annotations = COCO("{target}/{ANNOTATIONS}")  # images are in {target}/images"""
    return Layout(pieces(), "metadata.csv", None, usage)


def _write(path: Path, part: Part, names: list[str]) -> None:
    """Write one image after the other: a million of them need not be in memory as Python's objects."""
    _, height, width = part.images.shape
    categories = [{"id": 1 + k, "name": name} for k, name in enumerate(part.images.classes)]
    head = {
        "info": {"description": f"{part.dataset}, {part.what}"},
        "licenses": [],
        "categories": categories,
    }

    images = (
        {"id": row, "file_name": name, "height": height, "width": width, **known}
        for row, (name, known) in enumerate(zip(names, part.known(), strict=True), start=1)
    )
    box = {"bbox": [0, 0, width, height], "area": height * width, "iscrowd": 0}
    annotations = (
        {"id": row, "image_id": row, "category_id": 1 + label, **box} for row, label in enumerate(part.labels, start=1)
    )
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}"))
        _write_list(file, "images", images)
        _write_list(file, "annotations", annotations)
        file.write("\n}\n")


def _write_list(file: TextIO, name: str, entries: Iterable[Mapping[str, Any]]) -> None:
    file.write(f',\n "{name}": [')
    for number, entry in enumerate(entries):
        text = json.dumps(entry, ensure_ascii=False, allow_nan=False)
        file.write(f"{',' if number else ''}\n  {text}")
    file.write("\n ]")
