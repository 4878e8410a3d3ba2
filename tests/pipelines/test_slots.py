"""Slots are limited, all or nothing, and free at once after a crash."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import workspace
from pipelines.workspace import slots

from .processes import held_elsewhere


class Full(Exception):  # noqa: N818 - says what it means
    """Raised instead of waiting."""


def refuse() -> bool:
    raise Full


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "slot_folder", lambda: tmp_path)


def test_no_more_than_the_limit() -> None:
    limits = {"gpu": 2}
    with slots({"gpu": 1}, limits, refuse), slots({"gpu": 1}, limits, refuse) as second:
        assert len(second) == 1
        with pytest.raises(Full), slots({"gpu": 1}, limits, refuse):
            pass
    with slots({"gpu": 2}, limits, refuse) as both:
        assert len(both) == 2


def test_all_or_nothing() -> None:
    limits = {"gpu": 1, "cpu": 1}
    with slots({"gpu": 1}, limits, refuse):
        with pytest.raises(Full), slots({"cpu": 1, "gpu": 1}, limits, refuse):
            pass
        with slots({"cpu": 1}, limits, refuse):
            pass


def test_a_resource_without_a_limit_costs_nothing_and_too_much_is_an_error() -> None:
    with slots({"gpu": 5}, {}, refuse) as none:
        assert none == []
    with (
        pytest.raises(ValueError, match=r"3 slots of gpu are wanted; flow\.slots\.gpu is 2"),
        slots({"gpu": 3}, {"gpu": 2}, refuse),
    ):
        pass


def test_a_crash_frees_at_once_but_only_with_the_last_holder(tmp_path: Path) -> None:
    with slots({"gpu": 1}, {"gpu": 1}, refuse) as held:
        keeper = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=held, stderr=subprocess.DEVNULL
        )
    with pytest.raises(Full), slots({"gpu": 1}, {"gpu": 1}, refuse):
        pass
    keeper.kill()
    keeper.communicate()
    with slots({"gpu": 1}, {"gpu": 1}, refuse):
        assert list(tmp_path.iterdir()) == [tmp_path / "gpu-0.lock"]


def test_a_waiting_stage_gets_the_slot_when_it_is_free() -> None:
    with held_elsewhere(slots({"gpu": 1}, {"gpu": 1}, refuse)) as release:

        def not_yet() -> bool:
            release.set()
            return False

        with slots({"gpu": 1}, {"gpu": 1}, not_yet) as taken:
            assert release.is_set(), "it had to wait"
            assert len(taken) == 1
