"""`python -m pipelines`: run, watch and schedule the DVC pipeline with Prefect."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from pipelines import disk, graph, history, plan, server, settings, workspace
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
        ("history", _history, "what came of every recorded run, as a table and as a page"),
        ("mend", _mend, "mend what a crash left, for DVC to work again; `run` does it by itself"),
        ("notify", _notify, "send a message by the blocks of flow.notify, to try them"),
        ("tidy", _tidy, "free disk of what no commit, experiment or dataset needs any more; say so first"),
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
    _history_options(commands.choices["history"])
    commands.choices["tidy"].add_argument("--dry-run", action="store_true", help="only say what would be freed")
    commands.choices["prefect"].add_argument("words", nargs=argparse.REMAINDER, help="such as `deploy --all`")
    return parser


def _history_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a dataset (default: all)")
    parser.add_argument("--last", type=int, default=50, help="so many commits, runs and experiments (default: 50)")
    parser.add_argument("--between", type=int, nargs=2, metavar=("#", "#"), help="what changed between two points")
    parser.add_argument("--page", default="reports/history.html", help="default: reports/history.html")


def _history(options: argparse.Namespace, root: Path) -> int:
    if options.between and not options.name:
        raise PipelineError("--between: expected a dataset before it, as each counts its own points")
    found = history.read(root, options.last)
    if options.name and options.name not in found:
        known = ", ".join(found) or "none, as no run has ended with a verdict yet"
        raise PipelineError(f"no dataset {options.name} in the history; there is {known}")
    shown = {options.name: found[options.name]} if options.name else found
    if options.between:
        print("\n".join(history.between(shown[options.name], *options.between)))
        return 0
    for name, steps in shown.items():
        print(f"{name}\n{history.table(steps)}\n")
    points = json.dumps({name: [step.as_json() for step in steps] for name, steps in shown.items()})
    # Its page, so that it has its style.
    words = [sys.executable, "-m", "augment", "history", "--page", options.page]
    return subprocess.run(words, input=points, text=True, check=False).returncode


def _plan(options: argparse.Namespace, root: Path) -> int:
    wanted = (options.dataset or (), options.stage or ())
    made = plan.make(graph.read(root, lambda found: plan.select(found, *wanted)), *wanted)
    print(disk.outlook(root, made)[1], file=sys.stderr)
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


def _notify(_: argparse.Namespace, root: Path) -> int:
    with _served(root) as chosen:
        from pipelines import notify

        if not chosen.notify.blocks:
            raise PipelineError(f"{settings.PARAMS_FILE}: flow.notify.blocks names none: docs/flow.md shows how")
        failed = notify.send(root, chosen.notify, "a trial", ["Messages about the pipeline will come this way."])
        print("\n".join(failed) or f"Sent by {', '.join(chosen.notify.blocks)}.")
    return 1 if failed else 0


def _tidy(options: argparse.Namespace, root: Path) -> int:
    with _served(root) as chosen, workspace.claim(root, "tidy"):
        from pipelines import pools, tidy
        from pipelines.flow import workspace_tag

        tag = workspace_tag(root)
        finds, left = tidy.find(root, chosen, [tag, pools.stages_of(tag)])
        for told in left:
            print(f"Left alone: {told}")
        for found in finds:
            print(f"{'Would free' if options.dry_run else 'Frees'} {found.what}", flush=True)
        for found in finds if not options.dry_run else ():
            found.free()
        print(f"{disk.size(shutil.disk_usage(root).free)} free" + ("" if finds else ", and nothing to tidy"))
    return 0


@contextmanager
def _served(root: Path) -> Iterator[settings.FlowSettings]:
    """Have a server; if it is gone in the end, skip Prefect's farewell to it, which would try for minutes."""
    chosen = _prepared(root)
    server.ensure(root, chosen.server, lambda: import_module("pipelines.flow"))
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
