"""Runs of the flow in this process, and what the server recorded of their tasks."""

from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State, TaskRun

from pipelines.flow import pipeline

from .processes import eventually


def run(**parameters: Any) -> State[Any]:
    state: State[Any] = pipeline(**parameters, return_state=True)
    return state


def task_runs(state: State[Any]) -> dict[str, TaskRun]:
    """Read the task runs of a flow run once the server has recorded how all of them ended."""
    run_id = state.state_details.flow_run_id
    chosen = FlowRunFilter.model_validate({"id": {"any_": [run_id]}})
    found: dict[str, TaskRun] = {}

    def recorded() -> bool:
        with get_client(sync_client=True) as client:
            read = client.read_task_runs(flow_run_filter=chosen)
        found.clear()  # the server first knows a task run by another name, and renames it when it begins
        found.update({each.name: each for each in read})
        return bool(found) and all(
            each.state is not None and (each.state.is_final() or each.state.name == "NotReady")
            for each in found.values()
        )

    try:
        eventually(recorded)
    except AssertionError as error:
        raise AssertionError(f"not recorded as ended: {found}") from error
    return found
