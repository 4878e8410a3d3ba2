"""From the progress lines a stage prints to a progress artifact that Prefect shows."""

import contextvars
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

_LINE = re.compile(r"^progress: (?P<what>.+) (?P<done>\d+)/(?P<total>\d+) (?P<unit>\S+), (?P<detail>.*)$")
_EVERY_S = 5.0


@dataclass(frozen=True)
class Progress:
    """One progress line: `progress: train_synthesizer digits gan 1200/2000 step, 85.2 step/s, ETA 0:21, loss_d 0.9`."""

    percent: float
    description: str


def parse(line: str) -> Progress | None:
    """Read a progress line; None for any other line."""
    found = _LINE.match(line)
    if not found:
        return None
    total = int(found["total"])
    return Progress(
        percent=min(100.0, 100.0 * int(found["done"]) / total) if total else 100.0,
        description=f"{found['what']}: {found['done']}/{found['total']} {found['unit']}, {found['detail']}",
    )


def artifact_key(name: str) -> str:
    """Make the key of an artifact: Prefect takes lower-case letters, digits and single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


class Board:
    """Shows the latest progress of each stage, from a thread of its own.

    A server that is slow or away must not hold up the reading of a stage's output, which would hold up the
    stage; so `post` only remembers, and what the server misses is lost.
    """

    def __init__(self, on_error: Callable[[str], None]) -> None:
        self._on_error = on_error
        self._latest: dict[str, tuple[Progress, contextvars.Context]] = {}
        self._posted: dict[str, Progress] = {}
        self._artifacts: dict[str, UUID] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="progress", daemon=True)

    def __enter__(self) -> "Board":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join(timeout=10 * _EVERY_S)

    def post(self, stage: str, progress: Progress) -> None:
        """Remember a stage's progress. Called from the stage's task, to which the artifact will belong."""
        self._posted[stage] = progress
        self._latest[stage] = progress, contextvars.copy_context()

    def complete(self, stage: str) -> None:
        """Show a stage that has shown progress as complete, even if it ended early. Called from its task."""
        if stage in self._posted:
            self.post(stage, replace(self._posted[stage], percent=100.0))

    def _work(self) -> None:
        while not self._closed.wait(_EVERY_S):
            self._publish()
        self._publish()

    def _publish(self) -> None:
        for stage in list(self._latest):
            progress, context = self._latest.pop(stage)
            try:
                context.run(self._show, stage, progress)
            except Exception as error:  # whatever the server does, the run goes on
                self._on_error(f"cannot show the progress of {stage}: {error}")

    def _show(self, stage: str, progress: Progress) -> None:
        values: dict[str, Any] = {"progress": progress.percent, "description": progress.description}
        if stage in self._artifacts:
            update_progress_artifact(self._artifacts[stage], **values)
        else:
            shown = create_progress_artifact(key=f"progress-{artifact_key(stage)}", **values)
            if isinstance(shown, UUID):  # a coroutine only inside an event loop, which this thread has not
                self._artifacts[stage] = shown
