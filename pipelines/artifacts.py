"""Shows what a run makes: the progress of its stages; their Markdown files, pictures and pages.

Paths come from dvc.lock, where DVC writes what each stage put out, and from the stages' hints.
"""

import base64
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from uuid import UUID

from prefect import artifacts as server

from pipelines.graph import StageNode
from pipelines.settings import read_yaml

_MOST_BYTES, _MOST_PICTURES = 1_000_000, 4  # of a picture, which travels inside the database as text; of a folder
_PROGRESS = re.compile(r"progress: (?P<what>.+) (?P<how_far>(?P<done>\d+)/(?P<total>\d+) \S+, .*)")
_EVERY_S = 10.0


def key(name: str) -> str:
    """Make the key of an artifact: Prefect takes lower-case letters, digits and single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


class ProgressLine:
    """Shows the progress lines of a stage, now and then: `progress: train digits 12/200 step, 85.2 step/s, ETA 0:21`.

    Used by the stage's task, to which the artifact will belong. A server that does not take one gets no more of them,
    so that it cannot hold up the reading of the stage's output for long, which would hold up the stage.
    """

    def __init__(self, stage: str, log: Callable[[str, str], None]) -> None:
        self._key, self._log, self._last, self._due = f"progress-{key(stage)}", log, "", 0.0
        self._artifact: UUID | None = None

    def read(self, line: str) -> None:
        """Log a line of output; of progress only some, and those are shown, too."""
        if found := _PROGRESS.fullmatch(line):
            self._last = f"{found['what']}: {found['how_far']}"
            if time.monotonic() < self._due:
                return
            self._due = time.monotonic() + _EVERY_S
            self._show(min(100.0, 100.0 * int(found["done"]) / max(int(found["total"]), 1)))
        if line:
            self._log("%s", line)

    def complete(self) -> None:
        """Show a stage that has shown progress as complete, even if it ended early."""
        if self._last and self._due < float("inf"):
            self._show(100.0)

    def _show(self, percent: float) -> None:
        try:
            if self._artifact:
                server.update_progress_artifact(self._artifact, progress=percent, description=self._last)
            else:
                made = server.create_progress_artifact(percent, key=self._key, description=self._last)
                self._artifact = made if isinstance(made, UUID) else None  # no coroutine: a task has no event loop
        except Exception as error:  # whatever the server does, the run goes on
            self._due = float("inf")
            self._log("cannot show progress: %s", str(error))


def publish(root: Path, stages: Iterable[StageNode], *, links: bool) -> Iterator[str]:
    """Make an artifact of each Markdown file and PNG picture that the stages put out; yield what was left out.

    Markdown files and the stages' pages get links, if the files will stay. Of a folder of pictures the last ones by
    name are shown, which for numbered samples are the newest.
    """
    made = list(stages)
    for stage in made:
        for file in _outputs(root, stage.name):
            path = str(file.relative_to(root))
            if file.suffix == ".md":
                server.create_markdown_artifact(file.read_text(encoding="utf-8"), key=key(path), description=path)
            elif file.stat().st_size > _MOST_BYTES:
                yield f"{path} is larger than {_MOST_BYTES} bytes: not shown"
            else:
                picture = f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}"
                server.create_image_artifact(picture, key=key(path), description=path)
            if links and file.suffix == ".md":
                _link(root, path)
    for page in {stage.hints.page: None for stage in made if links and stage.hints.page}:  # one page of all datasets
        _link(root, page)


def _link(root: Path, path: str) -> None:
    server.create_link_artifact((root / path).as_uri(), path, key=f"{key(path)}-link", description=path)


def _outputs(root: Path, stage: str) -> list[Path]:
    file, _, name = stage.rpartition(":")
    folder = (root / file).parent if file else root
    outs = read_yaml(folder / "dvc.lock").get("stages", {}).get(name, {}).get("outs", ())
    paths = [folder / out["path"] for out in outs]
    shown = [sorted(path.glob("*.png"))[-_MOST_PICTURES:] if path.is_dir() else [path] for path in paths]
    return [each for some in shown for each in some if each.suffix in {".md", ".png"} and each.exists()]
