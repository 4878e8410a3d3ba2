"""dvc.yaml held against the code: what stages import, which settings they get, which paths they are given."""

import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml

from augment.command_line import COSTS, load_stage
from augment.core.paths import PathPattern
from augment.core.stage import Unversioned
from augment.stages.train_synthesizer import code as code_of_a_checkpoint
from augment.synthesis.base.methods import FAMILIES, SynthesizerSpec
from augment.synthesis.networks.architectures import NetworkSpec

PROJECT = Path(__file__).parents[1]
STAGES: dict[str, Any] = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
CODE = grimp.build_graph("augment")
PACKAGES = [".".join(file.parent.relative_to(PROJECT).parts) for file in (PROJECT / "augment").rglob("__init__.py")]
"""Importing a module runs its packages' ``__init__``; a test below sees to it that those hold no code."""


PRODUCERS = {"train": ("BUILDER", "TRAINER"), "synthesize": ("BUILDER",), "assess": ()}
"""Stages that each family has of its own → what of its methods their command imports when it runs."""


def family(stage: str) -> str | None:
    """Name the family of synthesizers that a stage is for."""
    _, _, last = stage.partition("_")
    return last if last in FAMILIES else None


def module(stage: str) -> str:
    return f"augment.stages.{command(stage)[0].replace('-', '_')}"


def room(name: str) -> str:
    """Give the folder of a module that is one unit of invalidation: of synthesis each subfolder is."""
    depth = 3 if name.startswith("augment.synthesis.") else 2
    return "/".join(name.split(".")[:depth])


def imported(stage: str) -> set[str]:
    """Name all modules that a stage's command imports, those among them that it refers to by a string."""
    names = {module(stage)}
    for spec in SynthesizerSpec.registered().values() if family(stage) else ():
        if spec.family() == family(stage) and PRODUCERS[stage.partition("_")[0]]:
            references = [getattr(spec, each) for each in PRODUCERS[stage.partition("_")[0]]]
            names |= {spec.__module__, *(reference.partition(":")[0] for reference in references)}
            names |= architectures() if spec.family() in ("gan", "vae") else set()
    return names | {each for name in names for each in CODE.find_upstream_modules(name)}


def architectures() -> set[str]:
    references = [each for spec in NetworkSpec.registered().values() for each in (spec.GENERATOR, spec.DISCRIMINATOR)]
    return {reference.partition(":")[0] for reference in references}


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
    """Split a command into the stage it names and its options; coordinates among their blanks are spelt as DVC does."""
    python, dash_m, module, name, *rest = shlex.split(STAGES[stage]["cmd"])
    assert (python, dash_m, module) == ("python", "-m", "augment")
    options = {option.removeprefix("--"): value for option, value in zip(rest[::2], rest[1::2], strict=True)}
    axes = STAGES[stage].get("matrix", {})
    assert options.pop("stage", None) == ("$DVC_STAGE" if axes else None)
    return name, {option: PathPattern(value).within(**in_dvc(axes)).text for option, value in options.items()}


def in_dvc(names: Iterable[str]) -> dict[str, str]:
    """Spell coordinates as the paths of dvc.yaml do outside commands."""
    return {name: f"${{item.{name}}}" for name in names}


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "check"])
def test_code_dependencies_are_what_the_stage_imports_and_nothing_else(stage: str) -> None:
    # check has no code of its own: the command line validates the settings before it calls any stage.
    own = module(stage)
    rooms = {room(name) for name in imported(stage) - set(PACKAGES) - {own}}
    assert code_dependencies(stage) == rooms | {f"{own.replace('.', '/')}.py"}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_has_its_stages_that_differ_in_what_they_are_for_and_depend_on_alone(name: str) -> None:
    for first in PRODUCERS:
        stage, gan = (STAGES[f"{first}_{each}"] for each in (name, "gan"))
        assert stage["matrix"] == {"dataset": "${datasets}", "synthesizer": f"${{synthesizers.{name}}}"}
        same = set(gan) - {"matrix", "deps"}
        assert {key: stage[key] for key in same} == {key: gan[key] for key in same}
        data, of_gan = ([each for each in entry["deps"] if not each.startswith("augment")] for entry in (stage, gan))
        assert data == of_gan


@pytest.mark.parametrize("name", ["gan", "vae"])
def test_a_checkpoint_is_of_the_code_folders_that_its_stage_depends_on(name: str) -> None:
    folders = code_dependencies(f"train_{name}") - {"augment/stages/train_synthesizer.py"}
    assert {str(path.relative_to(PROJECT)) for path in code_of_a_checkpoint(name)} == folders


def test_packages_hold_nothing_that_an_import_would_run() -> None:
    for package in PACKAGES:
        lines = (PROJECT / package.replace(".", "/") / "__init__.py").read_text().strip().split("\n")
        assert len(lines) == 1, f"{package}: expected a one-line docstring"


@pytest.mark.parametrize("stage", STAGES)
def test_parameter_dependencies_are_the_sections_the_stage_is_given(stage: str) -> None:
    given = load_stage(command(stage)[0]).sections.values()
    sections = {key.replace("{", "${item.") for key in given if not isinstance(key, Unversioned)}
    assert set(STAGES[stage].get("params", [])) == sections


OVERVIEW = {"reports", "reports/index.html"}
PAGE = "reports/${item.dataset}/index.html"
BESIDE_THE_GRAPH = {"report": {"dvc.lock", PAGE, "results", *OVERVIEW}, "overview": OVERVIEW}
"""Paths that DVC is not to know: pages differ from machine to machine, and the overview is of whatever is there."""


@pytest.mark.parametrize("stage", STAGES)
def test_the_command_names_every_path_that_the_graph_names(stage: str) -> None:
    name, options = command(stage)
    assert name == stage.replace("_", "-") or family(stage)
    kinds = load_stage(name).options
    assert list(STAGES[stage].get("matrix", {})) == load_stage(name).coordinates
    kinds = {option: kind for option, kind in kinds.items() if kind is not str}
    assert set(options) == {option.replace("_", "-") for option in kinds}
    paths = {value for option, value in options.items() if kinds[option.replace("-", "_")] is Path}
    # A path pattern, such as data/D/train/{train_set}, reads from the folder above its first blank.
    paths |= {
        folder_above_blanks(value)
        for option, value in options.items()
        if kinds[option.replace("-", "_")] is PathPattern
    }
    data = {path for path in STAGES[stage].get("deps", []) if not path.startswith("augment")}
    data -= {"params.yaml"}  # which the command line itself reads
    assert outputs(stage) | data | BESIDE_THE_GRAPH.get(stage, set()) == {
        path for path in paths if not path.startswith("scratch/")
    }


def test_the_report_reads_the_costs_where_the_command_line_notes_them() -> None:
    assert command("report")[1]["costs"] == str(COSTS)


def test_what_differs_from_machine_to_machine_is_no_output_and_is_not_in_git() -> None:
    ignored = (PROJECT / ".gitignore").read_text().splitlines()
    for stage, page, figures in (("report", "page", "figures"), ("overview", "overview", "curves")):
        paths = command(stage)[1]
        assert paths[page] not in outputs(stage)
        assert STAGES[stage]["plots"] == [{paths[figures]: {"cache": False, "persist": True}}]
        in_git = {f"/{paths[page]}", f"/{paths[figures]}/"}
        assert {path.replace("${item.dataset}", "*") for path in in_git} <= set(ignored)
    assert command("report")[1]["overview"] == command("overview")[1]["overview"]


def test_git_takes_what_dvc_says_of_raw_images_and_not_the_images() -> None:
    asked = ["git", "check-ignore", "--no-index", "raw/pets.dvc", "raw/.gitignore", "raw/pets/cat/1.png"]
    ignored = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    assert ignored == ["raw/pets/cat/1.png"]


def test_only_evaluate_depends_on_test() -> None:
    readers = {
        stage for stage, entry in STAGES.items() if any(path.endswith("/test") for path in entry.get("deps", []))
    }
    assert readers == {"evaluate"}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_change_to_the_classifier_retrains_no_synthesizer(name: str) -> None:
    by_output = {path: stage for stage in STAGES for path in outputs(stage)}
    waiting, seen = [f"train_{name}"], set[str]()
    while waiting:
        stage = waiting.pop()
        seen.add(stage)
        waiting += [by_output[path] for path in STAGES[stage]["deps"] if path in by_output]
    assert seen == {f"train_{name}", "train_judge", "prepare"}
    # The judge is made by the classifier's code, but reaches the synthesizer as an artefact, and follows no settings.
    assert {stage for stage in seen if "augment/classifier" in code_dependencies(stage)} == {"train_judge"}
    assert not [key for stage in seen for key in STAGES[stage]["params"] if "classifier" in key or "arms" in key]


def test_what_is_made_of_a_dataset_depends_on_no_other() -> None:
    made_of_all = {stage for stage in STAGES if "dataset" not in STAGES[stage].get("matrix", {})}
    assert made_of_all == {"check", "overview"}  # so that a dataset that fails costs the others nothing
    paths = [path for stage in set(STAGES) - made_of_all for path in (*STAGES[stage]["deps"], *outputs(stage))]
    assert [path for path in paths if "${item.dataset}" not in path and not path.startswith("augment/")] == []


def test_no_value_from_the_settings_is_part_of_what_a_shell_reads() -> None:
    assert [stage for stage, entry in STAGES.items() if "${" in entry["cmd"]] == []
