"""Shows what a run made: every Markdown file and picture among the outputs of its stages, and their pages.

Paths come from dvc.lock, where DVC writes what each stage put out, and from the stages' hints; no name of an output
is known here.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from prefect.artifacts import create_image_artifact, create_link_artifact, create_markdown_artifact

from pipelines.graph import Stage
from pipelines.progress import artifact_key
from pipelines.settings import read_yaml

_MOST_BYTES = 1_000_000  # a picture travels inside the database as text
_SHOWN = {".md", ".png"}
_MOST_PICTURES_A_FOLDER = 4


def publish(root: Path, stages: Iterable[Stage]) -> list[str]:
    """Make an artifact of each Markdown file and PNG picture that the stages put out; tell what was left out.

    Markdown files and the stages' pages get links. Of a folder of pictures the last ones by name are shown, which for
    numbered samples are the newest.
    """
    left_out = []
    lock_of = cache(lambda folder: read_yaml(folder / "dvc.lock").get("stages", {}))
    for stage in stages:
        for path in _outputs(root, stage.name, lock_of):
            file, key = root / path, artifact_key(path)
            if file.suffix == ".md":
                create_markdown_artifact(file.read_text(encoding="utf-8"), key=key, description=path)
                _link(root, path)
            elif file.stat().st_size > _MOST_BYTES:
                left_out.append(f"{path} is larger than {_MOST_BYTES} bytes: not shown")
            else:
                picture = base64.b64encode(file.read_bytes()).decode()
                create_image_artifact(f"data:image/png;base64,{picture}", key=key, description=path)
        if stage.hints.page:
            _link(root, stage.hints.page)
    return left_out


def _link(root: Path, path: str) -> None:
    create_link_artifact((root / path).as_uri(), link_text=path, key=f"{artifact_key(path)}-link", description=path)


def _outputs(root: Path, stage: str, lock_of: Callable[[Path], dict[str, Any]]) -> Iterator[str]:
    file, _, name = stage.rpartition(":")
    folder = (root / file).parent if file else root
    for out in lock_of(folder).get(name, {}).get("outs", ()):
        path = folder / out["path"]
        pictures = sorted(path.glob("*.png"))[-_MOST_PICTURES_A_FOLDER:] if path.is_dir() else [path]
        yield from (str(each.relative_to(root)) for each in pictures if each.suffix in _SHOWN and each.exists())
