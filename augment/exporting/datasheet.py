"""The README of an exported image set: what is in it, where it comes from, what it is good for.

Its questions are those of Gebru et al., "Datasheets for datasets", 2021 (arXiv 1803.09010); its header is the one that
Hugging Face reads. The licence is the user's to state.
"""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import yaml

from augment.exporting.layout import Layout
from augment.exporting.pictures import SOURCE_TYPE
from augment.finished.images import Part
from augment.summary.markdown import escape, lines, prose

COUNTED = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M", 10_000_000: "1M<n<10M"}
MORE = "10M<n<100M"
LICENCE = "# license: yours to state, e.g. cc-by-4.0; until then nobody may assume one"
COLUMNS = {
    "file_name": "Where the image is.",
    "label": "Its class.",
    "label_index": "Number of that class, from 0.",
    "origin": "`real`, or `synthetic`: made by a model.",
    "synthesizer": "Which model made it.",
    "generator_seed": "Seed of the stream that its noise was drawn from.",
    "content_hash": "SHA-256 of its shape and pixels.",
    "judged_label": "The class that a classifier of the real images takes it for.",
    "confidence": "The probability which that classifier gives its own class.",
    "nearest_train_hash": "`content_hash` of the nearest real training image.",
    "nearest_distance": "How far that is, root mean square in grey levels (0 to 255).",
    "near_copy": "Whether that is closer than 99 of 100 real images that no model has seen.",
    "group": "The part of the population that it is of.",
    "weight": "How much it is to count in a classifier's loss.",
}


def datasheet(part: Part, layout: Layout) -> str:
    """Write it, as Markdown."""
    return f"---\n{LICENCE}\n{_header(part, layout)}---\n\n{_body(part, layout)}"


def _header(part: Part, layout: Layout) -> str:
    count = len(part.images)
    header: dict[str, Any] = {
        "pretty_name": f"{part.dataset}, {part.what}",
        "task_categories": ["image-classification"],
        "size_categories": [next((name for limit, name in COUNTED.items() if count < limit), MORE)],
        "tags": ["synthetic"] if part.synthetic.any() else [],
    }
    if layout.data_files is not None:
        data_files = [{"split": part.split, "path": layout.data_files}]
        header["configs"] = [{"config_name": "default", "data_files": data_files}]
    return yaml.safe_dump({key: value for key, value in header.items() if value}, sort_keys=False, allow_unicode=True)


def _body(part: Part, layout: Layout) -> str:
    channels, height, width = part.images.shape
    drawn = int(part.synthetic.sum())
    colour = "grey" if channels == 1 else "RGB"
    blocks = [
        f"# {escape(part.dataset)}, {escape(part.what)}",
        f"{len(part.images)} labelled images of {len(part.images.classes)} classes, {width}×{height} pixels, {colour}, "
        f"{drawn} of them synthetic. Exported from the pipeline `augment`.",
        f"## How to read it\n\n```python\n{layout.usage}\n```",
        f"## What is in it\n\n{_composition(part)}",
        _synthetic(part, drawn),
        f"## Where each image comes from\n\n`{layout.metadata}` has a row an image, in order:\n\n{_columns(part)}",
        _made_by(part.made_by),
        "## What it is for\n\nTo train image classifiers, and to study what synthetic images do to them. Report "
        "results on real images that nothing here was made from: never on synthetic ones.",
        "## Licence\n\nNone is stated yet: it is for whoever holds the rights in the real images to state one, in the "
        "header of this file and here.",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _composition(part: Part) -> str:
    classes = pd.Index(range(len(part.images.classes)))
    facts = part.facts.groupby(["label_index", "origin"]).size().unstack(fill_value=0)
    counts = facts.reindex(index=classes, columns=["real", "synthetic"], fill_value=0)
    rows = [
        [escape(name), str(counts["real"][k]), str(counts["synthetic"][k])]
        for k, name in enumerate(part.images.classes)
    ]
    return lines(["class", "real", "synthetic"], rows).rstrip()


def _synthetic(part: Part, drawn: int) -> str:
    if not drawn:
        return ""
    facts = part.facts[part.synthetic]
    text = (
        f"## What is synthetic\n\n{drawn} images were drawn by the synthesizer `{part.synthesizer}`, which was trained "
        "on real images of this dataset. Their column `origin` says so. Where they are PNG files, each says it of "
        f"itself: IPTC's digital source type `{SOURCE_TYPE.rpartition('/')[2]}` in its XMP packet, and the text chunk "
        "`augment`."
    )
    if "near_copy" in facts:
        near, agreed = int(facts["near_copy"].sum()), int((facts["judged_label"] == facts["label"]).sum())
        text += (
            f" {near} of them are nearer to a training image than 99 of 100 unseen real images are. A classifier of "
            f"the real images takes {agreed} of them for the class that they were made for."
        )
    return text + " That an image is synthetic does not make it anonymous."


def _columns(part: Part) -> str:
    told = ["file_name", *part.facts.columns]
    return lines(["column", ""], [[f"`{name}`", COLUMNS.get(name, "")] for name in told]).rstrip()


def _made_by(made_by: Mapping[str, Any]) -> str:
    verdict = made_by.get("verdict")
    said = f"{prose(str(verdict))}\n\n" if verdict else ""
    settings = {name: value for name, value in made_by.items() if name != "verdict"}
    block = json.dumps(settings, indent=2, ensure_ascii=False).replace("```", "'''")
    return f"## How it was made\n\n{said}```json\n{block}\n```"
