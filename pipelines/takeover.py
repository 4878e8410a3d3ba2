"""Makes a workspace a run's own: claimed, mended where a crash left it broken, and its graph read.

None of this needs the Prefect server, and a server of our own takes seconds to start: a run from the command
line does it meanwhile (`early`), and its flow, when it begins, finds it done.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from pipelines import experiments, graph
from pipelines.settings import FlowSettings
from pipelines.workspace import BusyError, Journal, claim, end_leftovers, heal_rwlock


@dataclass(frozen=True)
class Owned:
    """A workspace that belongs to one run.

    Attributes:
        lock: Descriptor of the workspace's lock, for stages to hold as long as they live.
        journal: The copy of dvc.lock, begun.
        graph: All stages, with the run's overrides applied.
        mended: What was mended, in words.
    """

    lock: int
    journal: Journal
    graph: graph.Graph
    mended: tuple[str, ...]


_early: ContextVar[Owned | None] = ContextVar("_early", default=None)


@contextmanager
def take(
    root: Path, settings: FlowSettings, run: str, overrides: Sequence[str], go_on_waiting: Callable[[], bool]
) -> Iterator[Owned]:
    """Own a workspace: what `early` has taken in this context, or else now.

    Args:
        root: The workspace.
        settings: Those of the flow.
        run: The name under which another run is told about this one.
        overrides: Changes of params.yaml, made for this long.
        go_on_waiting: Asked again and again while another run is at work.

    Raises:
        OSError: The disk is full.
        BusyError: Another run is at work, and `go_on_waiting` said no.
        GraphError: DVC cannot tell the graph.
        SettingsError: An override, or a stage's hint in dvc.yaml, is wrong.
    """
    if taken := _early.get():
        yield taken
        return
    with ExitStack() as stack:
        lock = stack.enter_context(claim(root, run, go_on_waiting))
        journal = Journal(root)
        mended = end_leftovers(root), heal_rwlock(root), journal.open(), experiments.undo(root)
        journal.open()  # again, for what `undo` has put back
        if overrides:
            experiments.apply(root, overrides)
            stack.callback(experiments.undo, root)
        yield Owned(lock, journal, graph.read(root, settings), tuple(filter(None, mended)))


@contextmanager
def early(root: Path, settings: FlowSettings, run: str, overrides: Sequence[str]) -> Iterator[None]:
    """Own a workspace for the flow that is about to be called; leave it to the flow to wait for another run.

    Raises:
        OSError: The disk is full.
        GraphError: DVC cannot tell the graph.
        SettingsError: An override, or a stage's hint in dvc.yaml, is wrong.
    """
    with ExitStack() as stack:
        try:
            taken = stack.enter_context(take(root, settings, run, overrides, lambda: False))
        except BusyError:  # which the flow will find, too, and show on the server
            taken = None
        token = _early.set(taken)
        stack.callback(_early.reset, token)
        yield
