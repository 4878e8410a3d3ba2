"""`python -m pipelines`: run, watch and schedule the DVC pipeline with Prefect."""

import argparse
import errno
import json
import os
import signal
import sys
from pathlib import Path

from pipelines import graph, plan, server, settings
from pipelines.graph import GraphError

EXIT_SERVER_GONE = 3


def main(arguments: list[str]) -> int:
    """Parse and obey; return the exit code."""
    options = _parser().parse_args(arguments)
    root = Path.cwd()
    try:
        if not (root / ".dvc").is_dir():
            raise GraphError(f"{root} is not the root of a DVC workspace: it has no folder .dvc")
        chosen = settings.load(root)
        (root / ".prefect").mkdir(exist_ok=True)
        os.environ.update(server.environment(root, chosen.server))
        return int(options.command(options, root, chosen))
    except (GraphError, settings.SettingsError, server.ServerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        print(f"error: {error}: nothing was begun in {root}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before the flow has begun, which handles it itself
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines", description=__doc__)
    commands = parser.add_subparsers(required=True)

    run = commands.add_parser("run", help="bring every stale stage up to date, then stop")
    run.add_argument("--dataset", action="append", help="only stages of this dataset (may be repeated)")
    run.add_argument("--stage", action="append", help="only this stage and its ancestors (may be repeated)")
    run.add_argument("--force", action="store_true", help="run stages that are up to date, too")
    run.add_argument("--jobs", type=int, help="stages side by side (default: flow.jobs, then the cores)")
    run.add_argument(
        "-S",
        "--set-param",
        action="append",
        metavar="KEY=VALUE",
        help="change params.yaml for this run alone and record it as a DVC experiment (may be repeated)",
    )
    run.set_defaults(command=_run)

    plan_ = commands.add_parser("plan", help="print, as JSON, every stage: is it stale, its parents, its command")
    plan_.set_defaults(command=_plan)

    server_ = commands.add_parser("server", help="start the Prefect server and its UI; Ctrl-C stops it")
    server_.set_defaults(command=_server)

    serve = commands.add_parser("serve", help="run on the schedule of flow.cron and on changed data")
    serve.set_defaults(command=_serve)

    prefect = commands.add_parser("prefect", help="Prefect's own command line, on this project's server")
    prefect.add_argument("words", nargs=argparse.REMAINDER, help="what `prefect` takes, as `deploy --all`")
    prefect.set_defaults(command=_prefect)
    return parser


def _run(options: argparse.Namespace, root: Path, chosen: settings.FlowSettings) -> int:
    wait_for_server = server.ensure(root, chosen.server, schedules=False)
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.utilities.names import generate_slug

    from pipelines import takeover
    from pipelines.flow import pipeline

    name = generate_slug(2)
    with (
        takeover.early(root, chosen, name, options.set_param or ()),
        # The next run finds a crashed one by itself, and ending the heartbeat takes up to a second.
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        wait_for_server()
        try:
            state = pipeline.with_options(flow_run_name=name)(
                datasets=options.dataset,
                stages=options.stage,
                force=options.force,
                jobs=options.jobs,
                overrides=options.set_param,
                return_state=True,
            )
        finally:
            _leave_if_server_is_gone()
    return 0 if state.is_completed() else 1


def _plan(_: argparse.Namespace, root: Path, chosen: settings.FlowSettings) -> int:
    print(json.dumps(plan.make(graph.read(root, chosen)).to_json(), indent=1))
    return 0


def _leave_if_server_is_gone() -> None:
    """Skip Prefect's farewell to a server that is not there: it would try for minutes."""
    api_url = os.environ["PREFECT_API_URL"]
    if not server.answers(api_url):
        print(
            f"error: the Prefect server at {api_url} went away. What the stages made is safe and DVC knows it; "
            "the next run marks an unfinished one as crashed and goes on from here.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(EXIT_SERVER_GONE)


def _serve(_: argparse.Namespace, root: Path, chosen: settings.FlowSettings) -> int:
    wait_for_server = server.ensure(root, chosen.server)
    from pipelines.deployments import serve

    wait_for_server()
    try:
        serve(root, chosen)
    finally:
        _leave_if_server_is_gone()
    return 0


def _prefect(options: argparse.Namespace, root: Path, chosen: settings.FlowSettings) -> int:
    os.environ.setdefault("PIPELINE_WORKSPACE", str(root))
    os.environ |= {  # for prefect.yaml
        "PIPELINE_CRON": chosen.cron or "0 3 * * *",
        "PIPELINE_TIMEZONE": chosen.timezone,
        "PIPELINE_SCHEDULED": str(bool(chosen.cron)).lower(),
    }
    return _become([sys.executable, "-m", "prefect", *options.words])


def _server(_: argparse.Namespace, __: Path, chosen: settings.FlowSettings) -> int:
    return _become(server.command(chosen.server))


def _become(command: list[str]) -> int:
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
