"""The flow as a service: on a schedule, on request, and when watched data changes."""

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from prefect.events import DeploymentEventTrigger, emit_event
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from pipelines.flow import pipeline
from pipelines.records import workspace_tag
from pipelines.settings import FlowSettings, WatchSettings

NAME = "scheduled"
DATA_CHANGED = "pipelines.data-changed"


def serve(root: Path, settings: FlowSettings) -> None:
    """Serve the flow of a workspace until Ctrl-C: scheduled, on request from the UI, and on changed data.

    Runs queue up behind each other, or cancel themselves, as `flow.when_busy` says; see `workspace.claim`.
    """
    resource = workspace_tag(root)
    trigger = DeploymentEventTrigger(
        name=f"data of {resource}", expect={DATA_CHANGED}, match={"prefect.resource.id": resource}
    )
    if settings.watch.paths:
        threading.Thread(target=_watch, args=(root, settings.watch), name="watch", daemon=True).start()
    pipeline.serve(
        name=NAME,
        schedule=Cron(settings.cron, timezone=settings.timezone) if settings.cron else None,
        triggers=[trigger] if settings.watch.paths else None,
        entrypoint_type=EntrypointType.MODULE_PATH,
        description=f"The DVC pipeline of {root}",
    )


def _watch(root: Path, watch: WatchSettings) -> None:
    for changed in changes(root, watch):
        emit_event(DATA_CHANGED, {"prefect.resource.id": workspace_tag(root)}, payload={"paths": changed})


def changes(root: Path, watch: WatchSettings) -> Iterator[list[str]]:
    """Yield, for ever, the watched paths that have changed, each time they have settled after a change."""
    known = fingerprints(root, watch.paths)
    seen, since = known, time.monotonic()
    while True:
        time.sleep(watch.every_s)
        now = fingerprints(root, watch.paths)
        if now != seen:
            seen, since = now, time.monotonic()
        elif now != known and time.monotonic() - since >= watch.settled_s:
            yield [path for path in watch.paths if now[path] != known[path]]
            known = now


def fingerprints(root: Path, paths: Iterable[str]) -> dict[str, frozenset[tuple[str, int, int]]]:
    """Tell names, sizes and times of all files below each path: cheap enough to look every few seconds."""
    return {path: frozenset(_files(root / path)) for path in paths}


def _files(top: Path) -> Iterator[tuple[str, int, int]]:
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                found = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - Path is slow on many files
            except FileNotFoundError:  # it went away meanwhile, which the next look will see
                continue
            yield os.path.join(folder, name), found.st_size, found.st_mtime_ns  # noqa: PTH118
    if top.is_file():
        yield str(top), top.stat().st_size, top.stat().st_mtime_ns
