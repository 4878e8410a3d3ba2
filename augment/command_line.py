"""Command line: ``python -m augment STAGE …``. Validates ``params.yaml`` whole, then calls one stage.

Of the project's files only ``dvc.yaml`` names paths: they arrive here as options. Three files belong to the command
line itself, whatever the stage: the settings it reads, the notes it takes of what a run cost, and what was estimated
before the run.

Some commands are no stages: ``estimate`` tells what a run will take, ``quick`` writes settings for a first look;
``inspect`` says what a folder of images holds, ``add`` makes a dataset of it, and to that end writes to ``raw``; what a
user does with a finished run stands in ``augment/verbs``, one command a file.
"""

import argparse
import gc
import importlib
import io
import os
import pkgutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from threadpoolctl import threadpool_limits

import augment.stages
from augment import costs
from augment.core.errors import EXIT_BAD_INPUT, EXIT_NO_ROOM, AugmentError, NoRoomError, TrainingError
from augment.core.stage import Stage
from augment.planning import outlook
from augment.settings import load_settings

PARAMS = Path("params.yaml")
RAW = Path("raw")
COSTS = Path("scratch/costs")
ESTIMATE = Path("scratch/estimate.json")
OBJECTS_BETWEEN_LOOKS = 50_000
EXIT_FAILED = 1
EXITS = {TrainingError: EXIT_FAILED, NoRoomError: EXIT_NO_ROOM}
"""Of errors that no change of the input mends."""
UPGRADED = (
    "DVC runs none of them again for that: what they made is what their code and settings say, by those versions. "
    "What runs from now on may come out otherwise; `dvc repro --force` makes all anew by the same ones."
)
EXIT_INTERRUPTED = 130  # what shells report of a command ended by SIGINT


def stage_names() -> list[str]:
    """List the stages as the command line spells them."""
    return [module.name.replace("_", "-") for module in pkgutil.iter_modules(augment.stages.__path__)]


def load_stage(name: str) -> Stage:
    """Import one stage, and only that one: importing torch takes seconds that others need not wait for."""
    function = name.replace("-", "_")
    stage = getattr(importlib.import_module(f"augment.stages.{function}"), function)
    assert isinstance(stage, Stage)  # noqa: S101  # a stage file without its stage is a bug, not bad input
    return stage


def main(arguments: list[str]) -> int:
    """Run one stage; return the exit status: 0, 65 for bad input, 1 for a failed training, 74, 130."""
    parser = argparse.ArgumentParser(prog="python -m augment", description="Run one stage of the pipeline.")
    parser.add_argument("stage", choices=[*stage_names(), *COMMANDS])
    name = parser.parse_args(arguments[:1]).stage
    try:
        # Linear algebra takes a thread a core, which costs more than it saves, unless a stage asks for them.
        with threadpool_limits(1):
            if name in COMMANDS:
                COMMANDS[name](arguments[1:])
            else:
                _run(name, arguments[1:])
    except AugmentError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXITS.get(type(error), EXIT_BAD_INPUT)
    except KeyboardInterrupt as interrupt:
        print(f"interrupted {interrupt}".rstrip(), file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _run(name: str, arguments: list[str]) -> None:
    stage = load_stage(name)
    options = argparse.ArgumentParser(prog=f"python -m augment {name}", description=stage.run.__doc__)
    if stage.coordinates:
        options.add_argument("--stage", required=True, help="DVC's address of it, such as prepare@digits")
    for option in [name for name in stage.options if name not in stage.coordinates]:
        options.add_argument(f"--{option.replace('_', '-')}", required=True)
    given = vars(options.parse_args(arguments))
    settings = load_settings(PARAMS)
    values = stage.arguments(given.pop("stage", ""), given)
    sections = {argument: settings.section(key.format(**values)) for argument, key in stage.sections.items()}
    outlook.announce(ESTIMATE, COSTS)
    try:
        stage.carry_out(**values, **sections)
    except AugmentError as error:
        error.args = (f"{' '.join([name, *(values[each] for each in stage.coordinates)])}: {error}",)
        raise
    costs.note(COSTS)
    if name == "check" and (told := list(costs.upgraded(COSTS))):
        print(*told, UPGRADED, sep="\n")


def _estimate(arguments: list[str]) -> None:
    light_s = time.process_time()
    from augment.planning import estimate  # it imports every stage: torch takes seconds that no stage need wait for

    options = argparse.ArgumentParser(prog="python -m augment estimate", description=estimate.command.__doc__)
    options.add_argument("--plan", type=Path, required=True, help="what `python -m pipelines plan` printed")
    chosen = options.parse_args(arguments)
    estimate.command(load_settings(PARAMS), chosen.plan, COSTS, ESTIMATE, light_s)


def _quick(arguments: list[str]) -> None:
    from augment.planning import quick  # it imports scikit-learn, see `_estimate`

    options = argparse.ArgumentParser(prog="python -m augment quick", description=quick.quick.__doc__)
    options.add_argument("--settings", type=Path, required=True, help="the file to write")
    chosen = options.parse_args(arguments)
    quick.write(load_settings(PARAMS), chosen.settings, RAW)


def _verb(name: str) -> Callable[[list[str]], None]:
    """Import what a user does with a finished run where it is done: torch takes seconds that no stage need wait for."""

    def command(arguments: list[str]) -> None:
        importlib.import_module(f"augment.verbs.{name}").command(arguments)

    return command


VERBS = ("export", "sample", "predict", "tune")


def _inspect(arguments: list[str]) -> None:
    light_s = time.process_time()
    from augment.inspection import commands

    def cost(params: Path, name: str, block: dict[str, Any], raw: Path) -> str:
        print("\nA few steps of each kind of training are timed …", flush=True)
        began = time.process_time()
        from augment.planning import ahead  # it imports torch, see `_estimate`

        return ahead.cost(params, name, block, raw, light_s, light_s + time.process_time() - began)

    options = argparse.ArgumentParser(prog="python -m augment inspect", description=commands.inspect.__doc__)
    options.add_argument("source", type=Path, help="a folder of images, or a file that holds them")
    options.add_argument("--page", type=Path, help="an HTML page to write, with pictures")
    options.add_argument("--no-estimate", action="store_true", help="do not time what a run takes on this machine")
    chosen = options.parse_args(arguments)
    commands.inspect(chosen.source, PARAMS, chosen.page, None if chosen.no_estimate else cost)


def _add(arguments: list[str]) -> None:
    from augment.inspection import commands

    options = argparse.ArgumentParser(prog="python -m augment add", description=commands.add.__doc__)
    options.add_argument("name", help="of the dataset: lower-case letters, digits and _")
    options.add_argument("source", type=Path, help="a folder of images, or a file that holds them; it stays as it is")
    options.add_argument("--quick", action="store_true", help="for a first look: smaller images, fewer steps")
    options.add_argument("--copy", action="store_true", help="copy the files rather than give them a second name")
    chosen = options.parse_args(arguments)
    commands.add(chosen.name, chosen.source, PARAMS, RAW, quick=chosen.quick, copied=chosen.copy)


def _history(arguments: list[str]) -> None:
    from augment.history import page

    options = argparse.ArgumentParser(prog="python -m augment history", description=page.write.__doc__)
    options.add_argument("--page", type=Path, required=True, help="the HTML page to write")
    page.write(sys.stdin.read(), options.parse_args(arguments).page)


COMMANDS = {"estimate": _estimate, "quick": _quick, "inspect": _inspect, "add": _add, "history": _history} | {
    name: _verb(name) for name in VERBS
}
"""What is no stage."""


def run() -> NoReturn:
    """Obey the words of this process, and end it."""
    # Torch makes a million objects that stay. To look for garbage among them as often as Python does takes seconds
    # while they are made and while a network trains; to take them apart at the end takes a fifth of one.
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS)
    # A stage that has done its work must not fail for a sign that its terminal or log cannot show.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    code = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as it is where the caller has closed it
            stream.flush()
    os._exit(code)
