"""`python -m pipelines`: run, watch and schedule the DVC pipeline with Prefect."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines import graph, plan, server, settings, workspace
from pipelines.commands import PipelineError

EXIT_DATA, EXIT_SYSTEM, EXIT_SERVER_GONE = 65, 2, 3


def main(words: list[str]) -> int:
    """Parse and obey; return the exit code."""
    options, root = _parser().parse_args(words), Path.cwd()
    try:
        if not (root / ".dvc").is_dir():
            raise PipelineError(f"{root} is not the root of a DVC workspace: it has no folder .dvc")
        return int(options.command(options, root))
    except (PipelineError, OSError) as error:  # of the system's a full disk, say
        print(f"error: {error}", file=sys.stderr)
        return EXIT_DATA if isinstance(error, PipelineError) else EXIT_SYSTEM
    except KeyboardInterrupt:  # before the flow has begun, which handles it itself
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, command, what in (
        ("run", _run, "bring every stale stage up to date, then stop"),
        ("plan", _plan, "print, as JSON, every stage: is it stale, its parents, matrix coordinates, command"),
        ("mend", _mend, "mend what a crash left, for DVC to work again; `run` does it by itself"),
        ("server", _server, "start the Prefect server and its UI; Ctrl-C stops it"),
        ("serve", _serve, "run on the schedule of flow.cron, and on request"),
        ("prefect", _prefect, "Prefect's own command line, on this project's server"),
    ):
        commands.add_parser(name, help=what).set_defaults(command=command)
    run, several = commands.choices["run"], "may be repeated"
    for each in run, commands.choices["plan"]:
        each.add_argument("--dataset", action="append", help=f"only stages of this dataset ({several})")
        each.add_argument("--stage", action="append", help=f"only this stage and its ancestors ({several})")
    run.add_argument("--force", action="store_true", help="run stages that are up to date, too")
    run.add_argument("--jobs", type=int, help="stages side by side (default: flow.jobs, then the cores)")
    change = f"change params.yaml for this run alone and record it as a DVC experiment ({several})"
    run.add_argument("-S", "--set-param", action="append", metavar="KEY=VALUE", help=change)
    commands.choices["prefect"].add_argument("words", nargs=argparse.REMAINDER, help="such as `deploy --all`")
    return parser


def _plan(options: argparse.Namespace, root: Path) -> int:
    wanted = (options.dataset or (), options.stage or ())
    made = plan.make(graph.read(root, lambda found: plan.select(found, *wanted)), *wanted)
    told = {
        name: {"stale": name in made.stale, "parents": sorted(its.parents), "axes": its.axes, "command": its.command}
        for name, its in made.stages.items()
    }
    print(json.dumps(told, indent=1))
    return 0


def _mend(_: argparse.Namespace, root: Path) -> int:
    with workspace.claim(root, "mend"):
        for note in workspace.mend(root):
            print(f"A former run did not end well: {note}")
    return 0


def _run(options: argparse.Namespace, root: Path) -> int:
    asked = {"datasets": options.dataset, "stages": options.stage, "force": options.force, "jobs": options.jobs}
    with _served(root):
        from pipelines.flow import REFUSED, pipeline

        state = pipeline(**asked, overrides=options.set_param, return_state=True)
    if state.name == REFUSED:
        raise PipelineError(str(state.message))
    return 0 if state.is_completed() else 1


def _serve(_: argparse.Namespace, root: Path) -> int:
    with _served(root) as chosen:
        from pipelines.flow import serve

        serve(root, chosen)
    return 0


@contextmanager
def _served(root: Path) -> Iterator[settings.FlowSettings]:
    """Have a server; if it is gone in the end, skip Prefect's farewell to it, which would try for minutes."""
    chosen = _prepared(root)
    server.ensure(root, chosen.server)
    try:
        yield chosen
    finally:
        if not server.answers(where := os.environ["PREFECT_API_URL"]):
            gone = f"error: the Prefect server at {where} went away. What the stages made is safe and DVC knows it; "
            gone += "the next run marks an unfinished one as crashed and goes on from here."
            print(gone, file=sys.stderr, flush=True)
            os._exit(EXIT_SERVER_GONE)


def _prefect(options: argparse.Namespace, root: Path) -> None:
    _prepared(root)
    os.environ.setdefault("PIPELINE_WORKSPACE", str(root))  # for prefect.yaml
    os.execv(sys.executable, [sys.executable, "-m", "prefect", *options.words])  # noqa: S606 - no shell is wanted


def _server(_: argparse.Namespace, root: Path) -> None:
    where = _prepared(root).server
    words, password = server.command(where), os.environ["PREFECT_SERVER_API_AUTH_STRING"]
    shown = password if password == server.credential(root) else "your PREFECT_SERVER_API_AUTH_STRING"
    print(f"Open {server.address_of(where)} and log in, once, with {shown}", flush=True)
    os.execv(sys.executable, words)  # noqa: S606 - no shell is wanted


def _prepared(root: Path) -> settings.FlowSettings:
    """Read the settings, and have Prefect, which reads its environment when it is loaded, follow them."""
    chosen = settings.load(root)
    os.environ.update(server.environment(root, chosen.server))
    return chosen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
