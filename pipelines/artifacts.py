"""Shows what the stages of a run made: Markdown files, pictures and pages.

Paths come from dvc.lock, where DVC writes what each stage put out, and from the stages' hints.
"""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import artifacts as server

from pipelines.graph import StageNode
from pipelines.settings import read_yaml

_MOST_BYTES, _MOST_PICTURES = 1_000_000, 4  # of a picture, which travels inside the database as text; of a folder


def key(name: str) -> str:
    """Make the key of an artifact: Prefect takes lower-case letters, digits and single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def publish(root: Path, stages: list[StageNode], *, links: bool) -> None:
    """Make an artifact of each Markdown file and PNG picture that the stages put out, and links to the stages' pages.

    Of a folder of pictures the last ones by name are shown, which for numbered samples are the newest.
    """
    lock = read_yaml(root / "dvc.lock").get("stages", {}) if stages else {}  # which takes seconds for fifty datasets
    for file in (file for stage in stages for file in _outputs(root, lock.get(stage.name, {}))):
        path = str(file.relative_to(root))
        if file.suffix == ".md":
            server.create_markdown_artifact(file.read_text(encoding="utf-8"), key=key(path), description=path)
        elif file.stat().st_size <= _MOST_BYTES:
            picture = f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}"
            server.create_image_artifact(picture, key=key(path), description=path)
    for page in {stage.hints.page: None for stage in stages if links and stage.hints.page}:  # one page of all datasets
        server.create_link_artifact((root / page).as_uri(), page, key=f"{key(page)}-link", description=page)


def _outputs(root: Path, entry: Mapping[str, Any]) -> list[Path]:
    paths = [root / out["path"] for out in entry.get("outs", ())]
    shown = [sorted(path.glob("*.png"))[-_MOST_PICTURES:] if path.is_dir() else [path] for path in paths]
    return [each for some in shown for each in some if each.suffix in {".md", ".png"} and each.exists()]
