"""What a change makes stale, asked of DVC: one edit at a time in a throw-away clone whose stages all count as run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import reduce
from itertools import product
from typing import Any

import pytest
import yaml

from tests.test_graph import PROJECT, STAGES, outputs

COSTLY = {"train_judge", "train_gan", "train_vae", "train_classical", "train_classifier", "evaluate"}
"""Whatever trains a network, and the one stage that reads test."""
GANS = {"train_gan", "train_vae", "train_classical"}
"""All that is monitored while it trains, or once it is fitted."""

EDITS: dict[str, set[str]] = {
    # What only an assessment, a table or a page is made by.
    "augment/assessment/pictures.py": set(),
    "augment/assessment/membership.py": set(),
    "augment/results/wording.py": set(),
    "augment/results/arm_figures.py": set(),
    "augment/comparison/paired.py": set(),
    "augment/summary/markdown.py": set(),
    "augment/page/views.py": set(),
    "augment/page/figures.py": set(),
    "augment/stages/report.py": set(),
    "augment/stages/assess.py": set(),
    # What one family of synthesizers is made by.
    "augment/synthesis/classical/jitter.py": {"train_classical"},
    "augment/synthesis/classical/smote_spec.py": {"train_classical"},
    "augment/synthesis/gan/training.py": {"train_gan"},
    "augment/synthesis/gan/losses.py": {"train_gan"},
    "augment/synthesis/vae/training.py": {"train_vae"},
    # What families share.
    "augment/synthesis/networks/compact.py": {"train_gan", "train_vae"},
    "augment/synthesis/training/loop.py": GANS,
    "augment/quality/distances.py": GANS,
    "augment/evaluation/predictions.py": {"evaluate"},
    # The classifier's code makes the judge, which reaches synthesizers as a file.
    "augment/classifier/training.py": {"train_judge", "train_classifier", "evaluate"},
    "augment/judge/judge.py": {"train_judge", *GANS},
    "augment/runtime/machine.py": COSTLY,
    # Beside the graph.
    "augment/settings.py": set(),
    "augment/reference.py": set(),
    "augment/api.py": set(),
    "augment/finished/generator.py": set(),
    "augment/exporting/layout.py": set(),
    "augment/verbs/export.py": set(),
    "augment/__main__.py": set(),
    "augment/command_line.py": set(),
}
"""File → trainings that a comment in it makes stale."""

SETTINGS: dict[str, tuple[Any, set[str]]] = {
    "checkpoints.every_s": (5.0, set()),
    "gate.coverage": (0.2, set()),
    "datasets.digits.synthesis.per_class": (7, set()),
    "datasets.digits.synthesizers.gan.devices": (2, {"train_gan"}),
    "datasets.digits.synthesizers.smote.neighbours": (3, {"train_classical"}),
    "datasets.digits.classifier.width": (8, {"train_classifier", "evaluate"}),
    "runtime.threads": (2, COSTLY),
}
"""Key → another value, and the trainings that it makes stale."""

ASK = """
import json, sys
from pathlib import Path
from dvc.cli import main
for file, text in json.load(sys.stdin):
    before = Path(file).read_text()
    Path(file).write_text(text)
    assert main(["status", "--json"]) == 0
    print(end="\\0", flush=True)
    Path(file).write_text(before)
"""


def made_and_read(settings: dict[str, Any]) -> Iterator[str]:
    """Yield all outputs and dependencies, the blanks of dvc.yaml filled in."""
    for stage, entry in STAGES.items():
        axes = {name: lookup(settings, reference[2:-1]) for name, reference in entry.get("matrix", {}).items()}
        for values in product(*axes.values()):
            names = {f"${{item.{name}}}": value for name, value in zip(axes, values, strict=True)}
            for path in (*outputs(stage), *entry["deps"]):
                yield reduce(lambda text, name: text.replace(*name), names.items(), path)


def lookup(settings: dict[str, Any], key: str) -> list[str]:
    place: Any = settings
    for part in key.split("."):
        place = place[part]
    return list(place)


def changed(settings: dict[str, Any], key: str, value: Any) -> str:
    settings = json.loads(json.dumps(settings))
    *above, last = key.split(".")
    place = settings
    for part in above:
        place = place.setdefault(part, {})
    place[last] = value
    return yaml.safe_dump(settings, sort_keys=False)


@pytest.fixture(scope="module")
def stale(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Ask for all edits in one process; edited file or key → stages that are stale then, without their coordinates."""
    root = tmp_path_factory.mktemp("clone")
    for name in ("augment", ".dvc/config", ".dvcignore", "dvc.yaml", "raw"):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        copy(PROJECT / name, root / name)
    settings = yaml.safe_load((PROJECT / "params.yaml").read_text())
    # One arm, and one synthesizer a family: DVC takes as long for every stage, and they say no more than one of a kind.
    settings["synthesizers"] = {"gan": ["gan"], "vae": ["vae"], "classical": ["smote"]}
    settings["mixes"] = {"merged": settings["mixes"]["merged"]}
    settings["arms"]["train_sets"] = ["real"]
    settings["arms"]["recipes"] = {"plain": settings["arms"]["recipes"]["plain"]}
    settings["datasets"]["digits"]["synthesizers"]["vae"] = {"kind": "vae", "steps": 1}
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))

    def run(*command: str, **given: Any) -> str:
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, **given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    dvc = (sys.executable, "-m", "dvc")
    run("git", "init", "--quiet")
    for path in sorted(made_and_read(settings), key=lambda path: -path.count("/")):
        if not (root / path).exists():  # as it does where something in it is read by itself
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(path)  # stands for what a stage would have made
    run(*dvc, "commit", "--force")
    edits = [("raw/README.md", "changed")]
    edits += [(file, (PROJECT / file).read_text() + "# a comment\n") for file in EDITS]
    edits += [("params.yaml", changed(settings, key, value)) for key, (value, _) in SETTINGS.items()]
    answers = run(sys.executable, "-c", ASK, input=json.dumps(edits)).split("\0")
    names = ["nothing", *EDITS, *SETTINGS]
    found = {name: json.loads(answer) for name, answer in zip(names, answers, strict=False)}
    return {name: {stage.partition("@")[0] for stage in stages} for name, stages in found.items()}


def test_without_a_change_nothing_is_stale(stale: dict[str, set[str]]) -> None:
    assert stale["nothing"] == set()


@pytest.mark.parametrize("file", EDITS)
def test_a_comment_trains_again_what_its_folder_serves_and_nothing_else(file: str, stale: dict[str, set[str]]) -> None:
    assert stale[file] & COSTLY == EDITS[file]


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_trains_again_what_follows_it_and_nothing_else(key: str, stale: dict[str, set[str]]) -> None:
    assert stale[key] & COSTLY == SETTINGS[key][1]


def test_when_to_save_reruns_nothing_but_the_check_of_the_settings(stale: dict[str, set[str]]) -> None:
    assert stale["checkpoints.every_s"] == {"check"}
