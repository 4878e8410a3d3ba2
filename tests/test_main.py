import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from augment.command_line import load_stage, main, stage_names
from augment.core.errors import EXIT_BAD_INPUT
from augment.core.stage import Stage
from augment.core.store import write_json

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the project's settings, being the current one."""
    shutil.copy(PROJECT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", stage_names())
def test_every_stage_file_holds_a_stage_of_its_name(name: str) -> None:
    assert isinstance(load_stage(name), Stage)


def test_valid_settings_pass(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=workspace, check=True)
    assert main(["check"]) == 0
    expected = "params.yaml: every setting but flow: is known and valid; python -m pipelines checks that one\n"
    assert capsys.readouterr().out == expected


def test_check_says_what_an_upgrade_means_for_what_is_there(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=workspace, check=True)
    write_json(workspace / "scratch" / "costs" / "prepare@digits.json", {"versions": {"numpy": "1.0"}})
    assert main(["check"]) == 0
    told = capsys.readouterr().out
    assert "\nnumpy 1.0 has become" in told
    assert "DVC runs none of them again for that" in told


def test_bad_settings_stop_every_stage_before_it_begins(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "params.yaml").write_text("seedz: 1")
    assert main(["check"]) == EXIT_BAD_INPUT
    assert capsys.readouterr().err.startswith("error: params.yaml has")


def prepare(dataset: str) -> int:
    paths = {name: f"out/{name}" for name in ("train", "val", "test", "unlabelled", "files")}
    options = [part for name, path in paths.items() for part in (f"--{name}", path)]
    return main(["prepare", "--stage", f"prepare@{dataset}", "--raw", "raw", *options])


def test_prepare_writes_its_containers(workspace: Path) -> None:
    assert prepare("digits") == 0
    assert {path.name for path in (workspace / "out").iterdir()} == {"train", "val", "test", "unlabelled", "files"}


def test_an_unknown_dataset_is_named_and_nothing_written(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare("digitz") == EXIT_BAD_INPUT
    assert "error: params.yaml: unknown 'digitz' in datasets; expected one of digits" in capsys.readouterr().err
    assert not (workspace / "out").exists()


def test_a_dataset_too_small_for_its_scarcity_is_refused(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    params = workspace / "params.yaml"
    params.write_text(params.read_text().replace("head: 60 ", "head: 5000 "))
    assert prepare("digits") == EXIT_BAD_INPUT
    assert (
        "error: prepare digits: scarcity: class 0 has 106 train images, expected at least 5000"
        in capsys.readouterr().err
    )
    assert not (workspace / "out").exists()


@pytest.mark.usefixtures("workspace")
def test_an_unknown_recipe_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["--train", "a", "--val", "b", "--unlabelled", "u", "--classifier", "c"]
    arguments = ["--stage", "train_classifier@digits-real-fancy", *paths]
    assert main(["train-classifier", *arguments]) == EXIT_BAD_INPUT
    expected = "unknown 'fancy' in arms.recipes; expected one of plain, balanced, classical, balanced_classical"
    assert expected in capsys.readouterr().err


def test_a_broken_container_is_named_and_nothing_written(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare("digits") == 0
    images = workspace / "out" / "train" / "images.npy"
    images.write_bytes(images.read_bytes()[:500])
    write_json(workspace / "out" / "quality" / "gan" / "quality.json", {"failures": []})
    shutil.copytree(workspace / "out" / "val", workspace / "out" / "synthetic" / "gan")
    inputs = ["--real", "out/train", "--synthetic", "out/synthetic/{synthesizer}"]
    inputs += ["--quality", "out/quality/{synthesizer}/quality.json", "--scores", "out/{synthesizer}.parquet"]
    paths = [*inputs, "--merged", "out/merged"]
    assert main(["merge", "--stage", "merge@digits-merged", *paths]) == EXIT_BAD_INPUT
    assert "error: merge digits merged: out/train/images.npy: cannot be read" in capsys.readouterr().err
    assert not (workspace / "out" / "merged").exists()


@pytest.mark.usefixtures("workspace")
def test_a_stage_computes_with_one_thread_unless_it_asks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []

    def look() -> None:
        found.extend(each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas")

    monkeypatch.setattr("augment.stages.check.check", Stage(look, {}))
    assert main(["check"]) == 0
    assert set(found) == {1}


def test_an_unknown_stage_is_refused_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["trane-synthesizer"])
    assert "train-synthesizer" in capsys.readouterr().err


def test_a_log_that_cannot_show_a_sign_fails_no_stage() -> None:
    """The command line with a stage that prints ±, in an encoding that lacks it."""
    code = "import runpy, augment.stages.check as stage; stage.print = lambda _: print('0.9 \\xb1 0.1')"
    command = [sys.executable, "-c", f"{code}; runpy.run_module('augment', run_name='__main__')", "check"]
    environment = os.environ | {"PYTHONIOENCODING": "iso8859-2", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"0.9 \\xb1 0.1\n", b"")


def test_a_closed_standard_output_fails_no_stage() -> None:
    command = ["/bin/sh", "-c", f"{sys.executable} -m augment check >&-"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        # What is loaded before the pins are set is loaded twice, and does not heed them.
        ("augment.__main__", {"numpy", "pandas", "pydantic", "scipy", "sklearn", "torch"}),
        ("augment.command_line", {"matplotlib", "scipy", "sklearn", "torch"}),
        ("augment.stages.product", {"matplotlib", "scipy", "sklearn", "torch"}),
    ],
)
def test_what_every_stage_waits_for_loads_no_library_that_few_need(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.split())
