import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from augment.core.errors import SettingsError
from augment.core.settings_block import parse
from augment.runtime import canary, portable
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec

PROJECT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "augment", "check"]
HASHES = """
import json
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime import canary
with machine(RuntimeSpec(precision="portable")) as where:
    print(json.dumps([where.describe()["precision"], dict(canary.results())]))
"""


class Restarted(Exception):  # noqa: N818  # it stands for a process that goes on elsewhere
    """What would have been started."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in portable.PINS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "orig_argv", COMMAND)

    def execve(program: str, command: list[str], environment: dict[str, str]) -> None:
        raise Restarted(program, command, {name: environment[name] for name in portable.PINS})

    monkeypatch.setattr(os, "execve", execve)


def settings(folder: Path, precision: object) -> Path:
    (folder / "params.yaml").write_text(yaml.safe_dump({"runtime": {"precision": precision}}))
    return folder / "params.yaml"


@pytest.mark.usefixtures("started")
def test_settings_that_ask_for_portable_bytes_begin_the_command_anew_under_the_pins(tmp_path: Path) -> None:
    with pytest.raises(Restarted) as caught:
        portable.pin(settings(tmp_path, "portable"))
    assert caught.value.args == (sys.executable, COMMAND, portable.PINS)


@pytest.mark.usefixtures("started")
def test_one_pin_less_is_not_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in list(portable.PINS.items())[1:]:
        monkeypatch.setenv(name, value)
    with pytest.raises(Restarted):
        portable.pin(settings(tmp_path, "portable"))


@pytest.mark.usefixtures("started")
def test_a_command_under_the_pins_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in portable.PINS.items():
        monkeypatch.setenv(name, value)
    portable.pin(settings(tmp_path, "portable"))


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("text", ["runtime: {precision: auto}", "runtime: []", "runtime:", "", "{", "- 1", "\x00"])
def test_other_settings_and_broken_ones_go_on(tmp_path: Path, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    portable.pin(tmp_path / "params.yaml")
    portable.pin(tmp_path / "none.yaml")


def under_pins() -> dict[str, str]:
    asked = [sys.executable, "-c", HASHES]
    done = subprocess.run(asked, cwd=PROJECT, env=os.environ | portable.PINS, capture_output=True, check=True)
    precision, hashes = json.loads(done.stdout)
    assert precision == "portable"
    return dict(hashes)


def test_under_the_pins_this_machine_gives_the_bytes_of_all_others() -> None:
    assert under_pins() == canary.EXPECTED


def test_a_machine_that_gives_other_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with machine(RuntimeSpec(device="cpu", precision="fp32")):
        monkeypatch.setattr(canary, "EXPECTED", dict(canary.results()) | {"torch: sum": "0"})
    spec = RuntimeSpec(precision="portable")
    with (
        pytest.raises(SettingsError, match=r"portable, but this machine gives other bytes for torch: sum; expected"),
        machine(spec),
    ):
        pass


def test_portable_bytes_are_those_of_a_cpu() -> None:
    expected = "precision: portable bytes are those of a CPU; expected device auto or cpu"
    with pytest.raises(SettingsError, match=expected):
        parse(RuntimeSpec, {"precision": "portable", "device": "cuda"}, "params.yaml")
