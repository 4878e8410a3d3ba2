"""Search for better settings on val, in a given time. Test is not read; only --write changes params.yaml."""

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from augment.core.container import read_image_set
from augment.core.errors import SettingsError
from augment.core.paths import PathPattern
from augment.core.seeding import derive_seed
from augment.core.store import write_text
from augment.core.text import counted
from augment.finished.machines import computing
from augment.finished.project import PARAMS, Project, open_project, require_one_of
from augment.judge.judge import read_judge
from augment.merging.files import read_drawn
from augment.runtime.machine import Machine
from augment.synthesis.base.iterative_spec import IterativeSpec
from augment.synthesis.training.checkpoint import fingerprint
from augment.tuning.goals import Goal, MixGoal, RecipeGoal, SynthesizerGoal
from augment.tuning.outcome import as_text, block, chosen, table, write_into, write_picture
from augment.tuning.space import present
from augment.tuning.trials import SAMPLERS, library, open_study, search, tried

WHAT = ("synthesizer", "recipe", "mix")
SEARCHES = Path("scratch/tune")
UNITS = {"s": 1, "m": 60, "h": 3600}


def command(arguments: list[str]) -> None:
    """Read the options, search, and say what was found."""
    options = argparse.ArgumentParser(prog="python -m augment tune", description=__doc__)
    options.add_argument("dataset")
    options.add_argument("--budget", type=seconds, required=True, help="time for all calls together: 90s, 30m, 2h")
    options.add_argument("--what", choices=[*WHAT, "all"], default="recipe", help="default: recipe")
    options.add_argument("--name", help="which synthesizer or mix (default: the first); a search of one thing alone")
    options.add_argument("--sampler", choices=SAMPLERS, default="tpe", help="default: tpe")
    options.add_argument("--write", action="store_true", help=f"put what is found into {PARAMS}")
    asked = options.parse_args(arguments)
    library()
    what = WHAT if asked.what == "all" else (asked.what,)
    if asked.name and len(what) > 1:
        raise SettingsError("--name: expected with --what synthesizer or mix, found with all")
    for each in what:
        tune(
            open_project(Path()), asked.dataset, each, asked.name, asked.budget / len(what), asked.sampler, asked.write
        )


def seconds(text: str) -> float:
    """Read a time such as ``90s``, ``30m`` or ``1.5h``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError(f"expected a time such as 90s, 30m or 2h, found {text!r}")
    return float(found[1]) * UNITS[found[2]]


def tune(
    project: Project, dataset: str, what: str, name: str | None, budget_s: float, sampler: str, write: bool
) -> None:
    """Search one thing, write table and picture, and print the block that would bring what was found.

    Raises:
        SettingsError: There is no such dataset or name.
        ContainerError: What is learned from is not there yet.
        KeyboardInterrupt: It was interrupted; table, picture and block are written first, the settings are not.
    """
    folder = project.root / SEARCHES / dataset / what
    with _goal(project, dataset, what, name) as goal:
        origin = [str(vars(goal)[key]) for key in ("seed", "floor") if key in vars(goal)]
        settings = fingerprint(
            *(spec.model_dump_json().encode() for spec in goal.starts.values()), *map(str.encode, origin)
        )
        seed = derive_seed(project.settings.seed, "tuning", what) % 2**31
        study = open_study(goal, folder / "journal.log", f"{sampler}-{settings[:16]}", sampler, seed)
        try:
            search(study, goal, budget_s)
        finally:
            write_text(
                folder / "trials.md", f"# {dataset}: search of a {what}\n\n{table(study, goal)}\n![](trials.png)\n"
            )
            write_picture(study, goal, folder / "trials.png")
            print(f"{folder / 'trials.md'}, trials.png\n\n{table(study, goal)}")
            found = chosen(study, goal)
            first = next(iter(goal.starts))
            before: dict[str, int] = {str(key): count for key, count in project.settings.tuned.get(dataset, {}).items()}
            counts = before | {what: tried(folder / "journal.log")}
            put: dict[str, Any] = block(what, dataset, first, found, counts) if found else {}
            print(_found(put, counts[what], what))
    if write and put:
        write_into(project.root / PARAMS, put)
        print(f"{PARAMS}: written. Next: make repro")


def _found(put: dict[str, Any], number: int, what: str) -> str:
    if not put:
        return (
            f"Of {counted(number, 'setting')} none was better on val than the present ones: leave the {what} as it is."
        )
    return f"For {PARAMS} (--write puts it there):\n\n{as_text(put)}"


@contextmanager
def _goal(project: Project, dataset: str, what: str, name: str | None) -> Iterator[Goal]:
    """Read what is learned from, train and val alone, and say what is searched."""
    settings = project.settings
    real = read_image_set(project.made("prepare", "train", dataset=dataset))
    val = read_image_set(project.made("prepare", "val", dataset=dataset))
    with computing(settings.runtime) as where:
        if what == "synthesizer":
            yield _synthesizer(project, dataset, name, where)
            return
        shared = (val, settings.datasets[dataset].classifier, settings.verdict.endpoint, settings.seed, where)
        # Those that learn from images without labels are not searched: a trial has none.
        recipes = {each: recipe for each, recipe in settings.arms.recipes.items() if recipe.unlabelled is None}
        if not recipes:
            raise SettingsError("tune: expected a recipe without `unlabelled` in arms.recipes, found none")
        if what == "recipe":
            yield RecipeGoal(*shared, starts=recipes, real=real)
            return
        known = [
            each for each in settings.mixes if not settings.mixes[each].control and settings.mixes[each].share != 1
        ]
        first = _named("mix", name, known)
        mix = settings.mixes[first]
        drawn_by = project.options["assess_gan"]  # whose paths all families share
        places = {each: drawn_by[each].within(dataset=dataset) for each in ("synthetic", "quality", "scores")}
        places = {each: PathPattern(str(project.root / pattern.text)) for each, pattern in places.items()}
        drawn = read_drawn(mix, f"mixes.{first}", **places)
        yield MixGoal(*shared, starts={first: mix}, real=real, drawn=drawn, recipe=next(iter(recipes.values())))


def _synthesizer(project: Project, dataset: str, name: str | None, where: Machine) -> SynthesizerGoal:
    block_of = project.settings.datasets[dataset].synthesizers
    known = [each for each in project.settings.synthesizer_names() if isinstance(block_of[each], IterativeSpec)]
    known = [each for each in known if present(block_of[each])]
    first = _named("synthesizer", name, known)
    real = read_image_set(project.made("prepare", "train", dataset=dataset))
    val = read_image_set(project.made("prepare", "val", dataset=dataset))
    judge = read_judge(project.made("train_judge", "judge", dataset=dataset), real.classes, real.shape, where.device)
    floor = project.settings.gate.label_fidelity
    return SynthesizerGoal({first: block_of[first]}, floor, real, val, judge, project.settings.seed, where)


def _named(what: str, name: str | None, known: list[str]) -> str:
    if not known:
        raise SettingsError(f"tune: expected a {what} with settings that can be searched, found none")
    require_one_of(what, name or known[0], known)
    return name or known[0]
