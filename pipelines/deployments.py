"""The flow as a service: on a schedule, on request, and when watched data changes."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prefect.events import DeploymentEventTrigger, emit_event
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from pipelines.flow import pipeline, workspace_tag
from pipelines.settings import FlowSettings, WatchSettings

NAME, DATA_CHANGED = "scheduled", "pipelines.data-changed"


def serve(root: Path, settings: FlowSettings) -> None:
    """Serve the flow of a workspace until Ctrl-C: scheduled, on request from the UI, and on changed data.

    Runs queue up behind each other, or cancel themselves, as `flow.when_busy` says; see `workspace.claim`.
    """
    resource = {"prefect.resource.id": workspace_tag(root)}

    def watch() -> None:
        for changed in changes(root, settings.watch):
            emit_event(DATA_CHANGED, resource, payload={"paths": changed})

    if settings.watch.paths:
        threading.Thread(target=watch, name="watch", daemon=True).start()
    trigger = DeploymentEventTrigger(name=f"data of {workspace_tag(root)}", expect={DATA_CHANGED}, match=resource)
    pipeline.serve(
        name=NAME,
        schedule=Cron(settings.cron, timezone=settings.timezone) if settings.cron else None,
        triggers=[trigger] if settings.watch.paths else None,
        entrypoint_type=EntrypointType.MODULE_PATH,
        description=f"The DVC pipeline of {root}",
    )


def changes(root: Path, watch: WatchSettings) -> Iterator[list[str]]:
    """Yield, for ever, the watched paths that have changed, each time they have settled after a change."""
    known = seen = {path: set(_files(root / path)) for path in watch.paths}
    since = time.monotonic()
    while True:
        time.sleep(watch.every_s)
        now = {path: set(_files(root / path)) for path in watch.paths}
        if now != seen:
            seen, since = now, time.monotonic()
        elif now != known and time.monotonic() - since >= watch.settled_s:
            yield [path for path in watch.paths if now[path] != known[path]]
            known = now


def _files(top: Path) -> Iterator[tuple[Path, int, int]]:
    """Yield names, sizes and times of all files: cheap enough to look every few seconds."""
    for path in [top, *top.rglob("*")]:
        with suppress(FileNotFoundError):  # it went away meanwhile, which the next look will see
            if path.is_file():
                yield path, path.stat().st_size, path.stat().st_mtime_ns
