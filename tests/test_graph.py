"""dvc.yaml held against the code: what stages import, which settings they get, which paths they are given."""

import shlex
import subprocess
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml

from augment.__main__ import COSTS, load_stage
from augment.core.paths import PathPattern
from augment.stages.train_synthesizer import CODE as CODE_OF_A_CHECKPOINT

PROJECT = Path(__file__).parents[1]
STAGES: dict[str, Any] = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
CODE = grimp.build_graph("augment")
PACKAGES = ["augment", *(f"augment.{file.parent.name}" for file in (PROJECT / "augment").glob("*/__init__.py"))]
"""Importing a module runs its packages' ``__init__``; a test below sees to it that those hold no code."""


def code_dependencies(stage: str) -> set[str]:
    return {path for path in STAGES[stage].get("deps", []) if path.startswith("augment")}


def outputs(stage: str) -> set[str]:
    """Every path the stage makes: outs, metrics and plots, with or without options."""
    entries = [entry for kind in ("outs", "metrics", "plots") for entry in STAGES[stage].get(kind, [])]
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def folder_above_blanks(pattern: str) -> str:
    """Give the folder that holds all a pattern can name; ``${…}`` is DVC's and no blank."""
    folder = str(PathPattern(pattern.replace("${", "$(")).folder)
    return folder.replace("$(", "${")


def command(stage: str) -> tuple[str, dict[str, str]]:
    """Split a command into the stage it names and its options."""
    python, dash_m, module, name, *rest = shlex.split(STAGES[stage]["cmd"])
    assert (python, dash_m, module) == ("python", "-m", "augment")
    return name, {option.removeprefix("--"): value for option, value in zip(rest[::2], rest[1::2], strict=True)}


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "check"])
def test_code_dependencies_are_what_the_stage_imports_and_nothing_else(stage: str) -> None:
    # check has no code of its own: the command line validates the settings before it calls any stage.
    module = f"augment.stages.{stage}"
    imported = {module, *CODE.find_upstream_modules(module)} - set(PACKAGES)
    folders = {name if name == module else ".".join(name.split(".")[:2]) for name in imported}
    expected = {f"{name.replace('.', '/')}{'.py' if name == module else ''}" for name in folders}
    assert code_dependencies(stage) == expected


def test_a_checkpoint_is_of_the_code_folders_that_its_stage_depends_on() -> None:
    folders = code_dependencies("train_synthesizer") - {"augment/stages/train_synthesizer.py"}
    assert {str(path.relative_to(PROJECT)) for path in CODE_OF_A_CHECKPOINT} == folders


def test_packages_hold_nothing_that_an_import_would_run() -> None:
    for package in PACKAGES:
        lines = (PROJECT / package.replace(".", "/") / "__init__.py").read_text().strip().split("\n")
        assert len(lines) == 1, f"{package}: expected a one-line docstring"


@pytest.mark.parametrize("stage", STAGES)
def test_parameter_dependencies_are_the_sections_the_stage_is_given(stage: str) -> None:
    sections = {key.replace("{", "${item.") for key in load_stage(stage).sections.values()}
    assert set(STAGES[stage].get("params", [])) == sections


@pytest.mark.parametrize("stage", STAGES)
def test_the_command_names_every_path_that_the_graph_names(stage: str) -> None:
    name, options = command(stage)
    assert name == stage.replace("_", "-")
    assert set(options) == {option.replace("_", "-") for option in load_stage(stage).options}
    kinds = load_stage(stage).options
    paths = {value for option, value in options.items() if kinds[option.replace("-", "_")] is Path}
    # A path pattern, such as data/D/train/{train_set}, reads from the folder above its first blank.
    paths |= {
        folder_above_blanks(value)
        for option, value in options.items()
        if kinds[option.replace("-", "_")] is PathPattern
    }
    data = {path for path in STAGES[stage].get("deps", []) if not path.startswith("augment")}
    data -= {"params.yaml"}  # which the command line itself reads
    machine = {"dvc.lock", "reports/index.html"} if stage == "report" else set()
    assert outputs(stage) | data | machine == {path for path in paths if not path.startswith("scratch/")}


def test_the_report_reads_the_costs_where_the_command_line_notes_them() -> None:
    assert command("report")[1]["costs"] == str(COSTS)


def test_what_differs_from_machine_to_machine_is_no_output_and_is_not_in_git() -> None:
    page, figures = (command("report")[1][option] for option in ("page", "figures"))
    assert page not in outputs("report")
    assert STAGES["report"]["plots"] == [{figures: {"cache": False, "persist": True}}]
    ignored = (PROJECT / ".gitignore").read_text().splitlines()
    assert {f"/{page}", f"/{figures}/"} <= set(ignored)


def test_git_takes_what_dvc_says_of_raw_images_and_not_the_images() -> None:
    asked = ["git", "check-ignore", "--no-index", "raw/pets.dvc", "raw/.gitignore", "raw/pets/cat/1.png"]
    ignored = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    assert ignored == ["raw/pets/cat/1.png"]


def test_only_evaluate_depends_on_test() -> None:
    readers = {
        stage for stage, entry in STAGES.items() if any(path.endswith("/test") for path in entry.get("deps", []))
    }
    assert readers == {"evaluate"}


def test_a_change_to_the_classifier_retrains_no_synthesizer() -> None:
    by_output = {path: stage for stage in STAGES for path in outputs(stage)}
    waiting, seen = ["train_synthesizer"], set[str]()
    while waiting:
        stage = waiting.pop()
        seen.add(stage)
        waiting += [by_output[path] for path in STAGES[stage]["deps"] if path in by_output]
    assert seen == {"train_synthesizer", "train_features", "prepare"}
    # The judge is made by the classifier's code, but reaches the synthesizer as an artefact, and follows no settings.
    assert {stage for stage in seen if "augment/classifier" in code_dependencies(stage)} == {"train_features"}
    assert not [key for stage in seen for key in STAGES[stage]["params"] if "classifier" in key or "arms" in key]
