"""What the Prefect server knows about the runs of a workspace: watched, and put right after a crash."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import State, StateType
from prefect.states import Crashed

_UNDER_WAY = [StateType.RUNNING.value, StateType.CANCELLING.value]
_EVERY_S = 5.0


def workspace_tag(root: Path) -> str:
    """Name a workspace among all that report to one server."""
    return f"{socket.gethostname()}:{root}"


def take_over(root: Path, run_id: UUID) -> list[str]:
    """Mark a run as this workspace's, and every other one that the server believes at work there as crashed.

    The caller holds the workspace, so no other run can be alive in it.

    Returns:
        The names of the crashed runs.
    """
    tag = workspace_tag(root)
    with get_client(sync_client=True) as client:
        own = client.read_flow_run(run_id)
        client.update_flow_run(run_id, tags={*own.tags, tag})
        runs = FlowRunFilter.model_validate({"tags": {"all_": [tag]}, "state": {"type": {"any_": _UNDER_WAY}}})
        crashed = [each for each in client.read_flow_runs(flow_run_filter=runs) if each.id != run_id]
        for each in crashed:
            state: State[None] = Crashed(message=f"Its process died; run {own.name} found it so and takes over.")
            tasks = TaskRunFilter.model_validate(
                {"flow_run_id": {"any_": [each.id]}, "state": {"type": {"any_": _UNDER_WAY}}}
            )
            for task_run in client.read_task_runs(task_run_filter=tasks):
                client.set_task_run_state(task_run.id, state, force=True)
            client.set_flow_run_state(each.id, state, force=True)
    return [each.name for each in crashed]


@contextmanager
def on_cancelled(run_id: UUID, then: Callable[[], None]) -> Iterator[None]:
    """Call a function, from another thread, once somebody cancels the run in the UI.

    A runner or worker would also send SIGTERM; a run started from the command line has none.
    """
    over = threading.Event()

    def watch() -> None:
        with get_client(sync_client=True) as client:
            while not over.wait(_EVERY_S):
                try:
                    state = client.read_flow_run(run_id).state
                except Exception:  # noqa: S112 - a server that is away now may be back at the next look
                    continue
                if state and (state.is_cancelling() or state.is_cancelled()):
                    then()
                    return

    threading.Thread(target=watch, name="cancellation", daemon=True).start()
    try:
        yield
    finally:
        over.set()
