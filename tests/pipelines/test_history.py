"""Verdicts over time: of commits, the flow's own runs, experiments, and the workspace."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import history
from pipelines.__main__ import main
from pipelines.commands import PipelineError
from pipelines.history import Step

from .conftest import Workspace
from .runs import run
from .verdicts import forget_cache, judging, says


def told(steps: list[Step]) -> list[tuple[str, str, bool]]:
    return [
        (
            " ".join(name.split()[0] for name in step.point.names),
            step.point.record.word if step.point.record else "",
            step.verdict_changed,
        )
        for step in steps
    ]


def commit(workspace: Workspace) -> None:
    workspace.git("add", ".")
    workspace.git("commit", "--quiet", "--message", "A run")


@pytest.fixture(scope="module")
def _weeks(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("weeks") / "workspace"
    shutil.copytree(_template, root)
    with pytest.MonkeyPatch.context() as patch:
        _live(Workspace(root), lambda day: _at(patch, day))
    return root


def _at(patch: pytest.MonkeyPatch, day: int) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        patch.setenv(f"GIT_{who}_DATE", f"@{1_700_000_000 + 86_400 * day} +0000")


def _live(workspace: Workspace, at: Callable[[int], None]) -> None:
    judging(workspace, "a", "b")
    for name in "ab":
        says(workspace, name, "0")
    at(1)
    workspace.dvc("repro", "--quiet")
    commit(workspace)
    at(2)
    says(workspace, "a", "+", with_=0.95)
    workspace.dvc("repro", "--quiet")
    history.note(workspace.root, "first-night", "2 ran")
    at(3)
    history.note(workspace.root, "idle-night", "2 cached")
    commit(workspace)
    at(4)
    workspace.dvc("exp", "run", "--quiet", "--set-param", "datasets.a.steps=7", "--name", "tried")
    workspace.git("checkout", "--quiet", "--force", ".")
    workspace.dvc("checkout", "--quiet")
    says(workspace, "a", "-", with_=0.8)
    workspace.params(datasets={"a": {"steps": 3}, "b": {"steps": 1}})
    workspace.dvc("repro", "--quiet")


@pytest.fixture
def weeks(_weeks: Path, copy_of: Callable[[Path], Workspace]) -> Workspace:
    """Give a history of all kinds: a commit, two runs, one of them committed later, an experiment, an open change."""
    return copy_of(_weeks)


def test_each_kind_of_run_is_a_point_and_equal_ones_are_one(weeks: Workspace) -> None:
    found = history.read(weeks.root, 50)
    assert told(found["a"]) == [
        ("commit", "no detectable effect", False),
        ("run commit", "helps", True),
        ("experiment", "helps", False),
        ("workspace", "hurts", True),
    ]
    assert told(found["b"]) == [("commit run commit experiment", "no detectable effect", False)]
    assert [step.point.when[:10] for step in found["a"][:2]] == ["2023-11-15", "2023-11-16"]
    assert found["a"][1].point.names[0] == "run first-night"


def test_what_changed_in_data_and_settings(weeks: Workspace) -> None:
    a = history.read(weeks.root, 50)["a"]
    (data,) = a[1].changes
    assert data.startswith("raw/a: 1 files, ")
    assert a[2].changes == ["datasets.a.steps: 1 → 7"]
    assert a[3].changes[1:] == ["datasets.a.steps: 1 → 3"], "the run before, not the experiment"
    assert history.between(a, 3, 4)[1:] == ["datasets.a.steps: 7 → 3"]
    hashes = [step.point.origin.hashes() for step in a]
    assert hashes[0][0] != hashes[1][0] == hashes[2][0]
    assert hashes[0][1] == hashes[1][1] != hashes[2][1]
    with pytest.raises(PipelineError, match="no point 5: expected 1 to 4"):
        history.between(a, 1, 5)


def test_changed_code_is_told_and_not_taken_for_data(weeks: Workspace) -> None:
    (weeks.root / "work.py").write_text("# other\n")
    weeks.dvc("repro", "--quiet")
    history.note(weeks.root, "night", "")
    last = history.read(weeks.root, 50)["b"][-1]
    assert last.changes == ["code: work.py"]


def test_a_record_that_a_run_has_not_brought_up_to_date_is_no_point(weeks: Workspace) -> None:
    text = (weeks.root / "dvc.yaml").read_text()
    (weeks.root / "dvc.yaml").write_text(
        text.replace("- raw/${item.dataset}", "- made/${item.dataset}").replace("cp raw/", "cp made/")
        + "  make:\n    matrix: {dataset: '${datasets}'}\n    cmd: cp -r raw/${item.dataset} made/${item.dataset}\n"
        "    deps: ['raw/${item.dataset}']\n    outs: ['made/${item.dataset}']\n"
    )
    (weeks.root / "made").mkdir()
    weeks.dvc("repro", "--quiet")
    before = len(history.read(weeks.root, 50)["a"])
    says(weeks, "a", "0", with_=0.7)
    weeks.dvc("repro", "--quiet", "make@a")
    assert len(history.read(weeks.root, 50)["a"]) == before - 1, "what the workspace had is no more of its data"
    weeks.dvc("repro", "--quiet")
    assert told(history.read(weeks.root, 50)["a"])[-1] == ("workspace", "no detectable effect", True)


def test_runs_keep_their_records_when_the_cache_is_gone(weeks: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    forget_cache(weeks.root)
    a = history.read(weeks.root, 50)["a"]
    assert [bool(step.point.record) for step in a] == [False, True, False, False]
    print(history.table(a))
    assert "`dvc fetch --all-commits`" in capsys.readouterr().out


def test_a_noted_run_tells_the_records_before_and_now(weeks: Workspace) -> None:
    before = weeks.git("rev-parse", history.RUNS)
    found = history.note(weeks.root, "night", "1 ran")
    was, now = found["a"]
    assert (was.word if was else "", now.word) == ("helps", "hurts")
    assert weeks.git("rev-parse", history.RUNS) != before
    after = weeks.git("rev-parse", history.RUNS)
    again = history.note(weeks.root, "night", "1 cached")["a"]
    assert again[0] == again[1]
    assert weeks.git("rev-parse", history.RUNS) == after, "nothing has changed"
    assert weeks.git("status", "--porcelain").split() == ["M", "dvc.lock", "M", "params.yaml", "M", "raw/a/record.json"]


def test_in_a_subfolder_of_a_repository(weeks: Workspace, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    weeks.root.rename(outer / "inner")
    (outer / "inner" / ".git").rename(outer / ".git")
    inner = Workspace(outer / "inner")
    inner.dvc("config", "--quiet", "core.autostage", "false")
    inner.git("add", "--all", ":/")
    inner.git("commit", "--quiet", "--message", "Moved")
    history.note(inner.root, "moved", "")
    assert told(history.read(inner.root, 50)["a"])[-1][0] == "commit run"


def test_the_command_prints_and_draws(
    weeks: Workspace, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    assert main(["history", "a"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[1].split()[:4] == ["#", "when", "of", "verdict"]
    assert [line.split()[0] for line in lines if line[:1].isdigit()] == ["1", "2", "3", "4"]
    assert "! helps" in lines[3]
    assert "90.0 [89.0, 91.0]  95.0 [94.0, 96.0]  +0.0 [+0.0, +0.0]" in lines[3]
    page = (weeks.root / "reports" / "history.html").read_text()
    assert "datasets.a.steps: 1 → 3" in page
    assert main(["history", "a", "--between", "1", "4"]) == 0
    assert "datasets.a.steps: 1 → 3" in capfd.readouterr().out


@pytest.mark.usefixtures("server")
def test_the_flow_notes_its_runs(weeks: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    state = run()
    assert state.message == "2 cached"
    last = history.read(weeks.root, 50)["a"][-1].point
    assert (last.names[0].split()[0], last.record and last.record.word) == ("run", "hurts")
    assert weeks.git("log", "-1", "--format=%b", history.RUNS).strip() == "2 cached"
    weeks.git("update-ref", "-d", history.RUNS)
    (weeks.root / ".git" / "refs" / "flow").rmdir()
    (weeks.root / ".git" / "refs" / "flow").write_text("in the way")
    assert run().message == "2 cached", "and no failure"
    assert any("could not be noted in the history" in message for message in caplog.messages)


def test_wrong_words_are_refused(weeks: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    del weeks
    assert main(["history", "c"]) == 65
    assert capsys.readouterr().err == "error: no dataset c in the history; there is a, b\n"
    assert main(["history", "--between", "1", "2"]) == 65


def test_steps_are_handed_on_as_json(weeks: Workspace) -> None:
    first = json.loads(json.dumps(history.read(weeks.root, 50)["a"][0].as_json()))
    assert first["record"]["without"] == {"arm": "real/plain", "mean": 0.9, "low": 0.89, "high": 0.91}
    assert (first["record"]["word"], first["record"]["endpoint"]) == ("no detectable effect", "accuracy")
