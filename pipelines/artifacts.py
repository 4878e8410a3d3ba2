"""Shows what a run made: every page, Markdown file and picture among the outputs of its stages.

Paths come from dvc.lock, where DVC writes what each stage put out; no name of an output is known here.
"""

import base64
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from prefect.artifacts import create_image_artifact, create_link_artifact, create_markdown_artifact

from pipelines.progress import artifact_key
from pipelines.settings import read_yaml

_MOST_BYTES = 1_000_000  # a picture travels inside the database as text
_SHOWN = {".html", ".md", ".png"}
_MOST_PICTURES_A_FOLDER = 4


def publish(root: Path, stages: Iterable[str]) -> list[str]:
    """Make an artifact of each Markdown file and PNG picture that the stages put out; tell what was left out.

    Markdown and HTML pages get links. Of a folder of pictures the last ones by name are shown, which for
    numbered samples are the newest.
    """
    left_out = []
    for path in _outputs(root, stages):
        file, key = root / path, artifact_key(path)
        match file.suffix:
            case ".png" if file.stat().st_size > _MOST_BYTES:
                left_out.append(f"{path} is larger than {_MOST_BYTES} bytes: not shown")
            case ".png":
                picture = base64.b64encode(file.read_bytes()).decode()
                create_image_artifact(f"data:image/png;base64,{picture}", key=key, description=path)
            case ".md":
                create_markdown_artifact(file.read_text(encoding="utf-8"), key=key, description=path)
        if file.suffix != ".png":
            create_link_artifact(file.as_uri(), link_text=path, key=f"{key}-link", description="the report")
    return left_out


def _outputs(root: Path, stages: Iterable[str]) -> Iterator[str]:
    lock_of = cache(lambda folder: read_yaml(folder / "dvc.lock").get("stages", {}))
    for stage in stages:
        file, _, name = stage.rpartition(":")
        folder = (root / file).parent if file else root
        for out in lock_of(folder).get(name, {}).get("outs", ()):
            path = folder / out["path"]
            pictures = sorted(path.glob("*.png"))[-_MOST_PICTURES_A_FOLDER:] if path.is_dir() else [path]
            yield from (str(each.relative_to(root)) for each in pictures if each.suffix in _SHOWN and each.exists())
