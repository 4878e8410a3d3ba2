"""Runs on changed settings become DVC experiments, and never touch the user's own files."""

import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import experiments
from pipelines.commands import PipelineError
from pipelines.workspace import run_folder

from .chaos import kill_all
from .conftest import Workspace, work
from .processes import eventually, working_in
from .runs import run


@pytest.fixture(scope="module")
def _measured(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace(tmp_path_factory.mktemp("measured") / "workspace")
    shutil.copytree(_template, workspace.root)
    workspace.params(steps=10, names={"a": 1})
    (workspace.root / "raw").mkdir()
    (workspace.root / "raw" / "1.txt").write_text("1")
    (workspace.root / ".gitignore").write_text("/.prefect\n/ran.txt\n/raw/\n/model.txt\n/page.html\n/scratch/\n")
    workspace.stages(
        prepare=work("raw/1.txt", "prepared.txt", deps=["raw"]),
        train={**work("prepared.txt", "model.txt"), "params": ["steps"]},
        report={
            "cmd": "mkdir -p scratch; grep steps params.yaml | tee report.md > page.html",
            "meta": {"flow": {"page": "page.html"}},
            "deps": ["model.txt"],
            "params": ["steps"],
            "outs": [{"report.md": {"cache": False}}],
        },
    )
    workspace.dvc("repro", "--quiet")
    workspace.git("add", ".")
    workspace.git("commit", "--quiet", "-m", "Run")
    return workspace.root


@pytest.fixture
def measured(_measured: Path, copy_of: Callable[[Path], Workspace]) -> Workspace:
    """Make a committed workspace whose report says what the settings say, in a file outside DVC's cache."""
    return copy_of(_measured)


@pytest.fixture
def fresh(measured: Workspace) -> Workspace:
    """Make a clone of it in which nothing was built and nothing is in the cache."""
    clone = Workspace(measured.root.with_name("clone"))
    measured.git("clone", "--quiet", str(measured.root), str(clone.root))
    shutil.copytree(measured.root / "raw", clone.root / "raw")
    return clone


def recorded(workspace: Workspace) -> dict[str, Any]:
    """Read from `dvc exp show` which experiment ran with how many steps."""
    shown = json.loads(workspace.dvc("exp", "show", "--json"))
    return {
        experiment["revs"][0]["name"]: experiment["revs"][0]["data"]["params"]["params.yaml"]["data"]["steps"]
        for commit in shown
        for experiment in commit.get("experiments") or ()
    }


def files(workspace: Workspace) -> dict[str, bytes]:
    """Read every file that is a user's: all but git's and DVC's own, and the log of what ran."""
    found = [path for path in workspace.root.rglob("*") if path.is_file()]
    names = {str(path.relative_to(workspace.root)): path for path in found}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith((".git/", ".dvc/tmp/"))}


def people(workspace: Workspace, experiment: str) -> list[str]:
    """Read who is author and who is committer of an experiment."""
    (saved,) = workspace.git("for-each-ref", "--format=%(objectname)", f"refs/exps/*/*/{experiment}").split()
    return workspace.git("show", "--no-patch", "--format=%an <%ae>%n%cn <%ce>", saved).splitlines()


@pytest.mark.usefixtures("server")
def test_a_run_on_changed_settings_works_elsewhere_and_is_recorded(measured: Workspace) -> None:
    before = files(measured)
    state = run(overrides=["steps=20"])
    assert state.message == "2 ran, 1 cached"
    assert list(recorded(measured).values()) == [20]
    assert {name: made for name, made in files(measured).items() if not name.startswith(".dvc/cache/")} == {
        name: made for name, made in before.items() if not name.startswith(".dvc/cache/")
    }
    assert "up to date" in measured.dvc("status")
    assert measured.git("status", "--porcelain") == ""
    assert not (run_folder(measured.root) / "copy").exists()
    (name,) = recorded(measured)
    measured.dvc("exp", "apply", name)
    assert (measured.root / "report.md").read_text() == "steps: 20\n"


@pytest.mark.usefixtures("server")
def test_in_a_fresh_clone_a_part_may_run_and_edits_made_meanwhile_stay(fresh: Workspace) -> None:
    (fresh.root / "work.py").write_text((fresh.root / "work.py").read_text() + "# edited before\n")
    with fresh.start("run", "--stage", "prepare", "-S", "steps=20") as flow:
        eventually((run_folder(fresh.root) / "copy" / "ran.txt").exists, 60)
        fresh.params(steps=1234, names={"a": 1})
        output, _ = flow.communicate(timeout=60)
    assert flow.returncode == 0, output
    assert (fresh.root / "params.yaml").read_text().startswith("steps: 1234")
    assert list(recorded(fresh).values()) == [20]
    again = fresh.flow("run", "--stage", "prepare")
    assert again.returncode == 0, again.stderr
    assert "did not end well" not in again.stderr
    assert (fresh.root / "params.yaml").read_text().startswith("steps: 1234")
    assert fresh.ran() == [], "what ran in the copy came from the cache"


def test_a_copy_whose_tables_a_kill_cut_short_serves_the_next_run(fresh: Workspace) -> None:
    tables = experiments.copy(fresh.root, ["steps=20"]) / ".dvc" / "tmp"
    (tables / "rwlock").write_bytes(b"")
    assert (experiments.copy(fresh.root, ["steps=21"]) / "params.yaml").read_text().startswith("steps: 21")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("moment", [1.0, 4.0])
def test_killed_at_any_moment_nothing_of_the_user_is_lost_and_the_next_run_works(
    fresh: Workspace, moment: float
) -> None:
    (fresh.root / "notes.py").write_text("# not yet added\n")
    fresh.params(steps=11, names={"a": 1})
    before = files(fresh)
    claimed = fresh.root / ".dvc" / "tmp" / "flow" / "lock"
    with fresh.start("run", "-S", "steps=20") as flow:
        eventually(claimed.exists, 60)
        time.sleep(moment)
        kill_all(fresh, flow, random.Random(0))  # noqa: S311
        flow.communicate(timeout=60)
    eventually(lambda: working_in(fresh.root) == [])
    after = files(fresh)
    assert {name: after[name] for name in before} == before
    assert fresh.git("stash", "list") == ""
    again = fresh.flow("run", "-S", "steps=21")
    assert again.returncode == 0, again.stderr
    assert 21 in recorded(fresh).values()


def test_all_that_the_user_has_not_committed_is_in_the_copy(measured: Workspace) -> None:
    (measured.root / "tracked.txt").write_text("old")
    measured.dvc("add", "--quiet", "tracked.txt")
    measured.git("add", ".")
    measured.git("commit", "--quiet", "-m", "Track")
    (measured.root / "work.py").write_text("# edited\n")
    (measured.root / "new.py").write_text("# new\n")
    (measured.root / "raw" / "2.txt").write_text("2")
    (measured.root / "tracked.txt").unlink()
    (measured.root / "tracked.txt").write_text("new")
    (measured.root / "params.yaml").write_text("steps: 10  # as is\nnames: {a: 1}\nother: 5\n")
    measured.git("rm", "--quiet", "--cached", "report.md")
    index = measured.git("status", "--porcelain")
    where = experiments.copy(measured.root, ["steps=20", "+new.key=x"])
    expected = {"work.py": "# edited\n", "new.py": "# new\n", "raw/1.txt": "1", "raw/2.txt": "2", "tracked.txt": "new"}
    assert {name: (where / name).read_text() for name in expected} == expected
    assert (where / "params.yaml").read_text() == "steps: 20  # as is\nnames: {a: 1}\nother: 5\nnew:\n  key: x\n"
    assert (where / "model.txt").read_text() == (measured.root / "model.txt").read_text()
    assert measured.git("status", "--porcelain") == index


def test_a_copy_that_a_failed_run_left_is_brought_up_to_date(measured: Workspace) -> None:
    (measured.root / "gone.py").write_text("# soon gone\n")
    where = experiments.copy(measured.root, ["steps=20"])
    (where / "scratch").mkdir(exist_ok=True)
    (where / "scratch" / "checkpoint").write_text("half-way")
    (measured.root / "raw" / "1.txt").rename(measured.root / "raw" / "2.txt")
    (where / "dvc.lock").write_text("schema: '2")
    (where / ".git" / "index.lock").touch()
    (run_folder(measured.root) / "index.lock").touch()
    (measured.root / "gone.py").unlink()
    measured.params(steps=12, names={"b": 1})
    measured.git("commit", "--quiet", "--all", "-m", "Other settings")
    assert experiments.copy(measured.root, ["names.b=3"]) == where
    assert (where / "params.yaml").read_text() == "steps: 12\nnames:\n  b: 3\n"
    assert (where / "scratch" / "checkpoint").read_text() == "half-way"
    assert not (where / "gone.py").exists()
    assert [path.name for path in (where / "raw").iterdir()] == ["2.txt"]
    assert (where / "dvc.lock").read_text() == (measured.root / "dvc.lock").read_text()


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("stepz=3", "Could not override 'stepz'"),
        ("steps=[", "no viable alternative"),
        ("nonsense", "missing EQUAL"),
        ("--help", "NoViableAlt"),
        ("steps=1,2", "not a choice"),
        ("dvc.yaml:stages.train.cmd=touch x", r"expected KEY=VALUE, \+KEY=VALUE or ~KEY, of params.yaml"),
    ],
)
def test_a_wrong_override_is_refused(measured: Workspace, override: str, expected: str) -> None:
    before = files(measured)
    with pytest.raises(PipelineError, match=f"(?s)override.*{expected}"):
        experiments.copy(measured.root, [override])
    assert files(measured) == before


@pytest.mark.usefixtures("server")
def test_a_wrong_override_is_told_in_one_line_and_begins_nothing(measured: Workspace) -> None:
    refused = measured.flow("run", "-S", "stepz=3")
    assert refused.returncode == 65
    assert "Could not override 'stepz'" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert measured.flow("run").returncode == 0


def test_without_git_there_is_nothing_to_compare_with(workspace: Workspace) -> None:
    shutil.rmtree(workspace.root / ".git")
    with pytest.raises(PipelineError, match=r"`git .*` in .* failed: fatal: not a git repository"):
        experiments.copy(workspace.root, ["steps=1"])


@pytest.mark.parametrize(
    ("configured", "author"),
    [
        ({}, "pipelines <pipelines@localhost>"),
        ({"user.email": "ada@example.org"}, "pipelines <ada@example.org>"),
    ],
    ids=["nobody", "no name"],
)
def test_an_experiment_is_recorded_whoever_git_knows(
    measured: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, configured: dict[str, str], author: str
) -> None:
    for key in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(key, "/dev/null")
    for key in ("HOME", "XDG_CONFIG_HOME"):  # where DVC's own git looks, whatever those two say
        monkeypatch.setenv(key, str(tmp_path))
    measured.git("config", "--remove-section", "user")
    for key, value in configured.items():
        measured.git("config", key, value)
    measured.params(steps=20, names={"a": 1})
    measured.dvc("repro", "--quiet")
    experiments.record(measured.root, experiments.copy(measured.root, ["steps=20"]), "late-run", ["train", "report"])
    assert people(measured, "late-run") == [author, author]
    assert recorded(measured) == {"late-run": 20}


@pytest.mark.usefixtures("server")
def test_a_finished_run_that_cannot_be_recorded_is_no_failure(
    measured: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    (measured.root / ".git" / "refs" / "exps").write_text("in the way")
    assert run(overrides=["steps=20"]).message == "2 ran, 1 cached"
    assert any("could not be recorded as a DVC experiment" in message for message in caplog.messages)


def test_a_name_that_a_shell_would_read_is_refused_before_dvc_makes_a_path_of_it(measured: Workspace) -> None:
    measured.stages(each={"matrix": {"name": "${names}"}, "cmd": "echo ${item.name}", "outs": ["${item.name}.txt"]})
    before = files(measured)
    with pytest.raises(PipelineError, match=r"stage 'each@a\|touch gotcha' of dvc\.yaml.* expected letters"):
        experiments.copy(measured.root, ["++names={a|touch gotcha: 1}"])
    assert files(measured) == before
