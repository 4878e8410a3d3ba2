"""Settings are validated, and say where they are wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import settings
from pipelines.commands import PipelineError
from pipelines.settings import FlowSettings, StageHints

from .conftest import environment


def test_a_workspace_without_the_block_gets_the_defaults(tmp_path: Path) -> None:
    assert settings.load(tmp_path) == FlowSettings()
    (tmp_path / "params.yaml").write_text("seed: 0\n")
    assert settings.load(tmp_path) == FlowSettings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flow: {job: 2}", r"params\.yaml: flow\.job: Extra inputs are not permitted \(got 2\)"),
        ("flow: {jobs: 0}", r"params\.yaml: flow\.jobs: Input should be greater than 0 \(got 0\)"),
        ("flow: {when_busy: fight}", r"flow\.when_busy: Input should be 'cancel' or 'wait' \(got 'fight'\)"),
        (
            "flow: {cron: nonsense}",
            r"params\.yaml: flow\.cron: Wrong number of fields: expected a schedule of five fields as in cron, "
            r"such as 0 3 \* \* \* \(got 'nonsense'\)",
        ),
        ("flow: {cron: 0 25 * * *}", r"flow\.cron: Bad hour: expected a schedule of five fields .*\(got '0 25 "),
        ("flow: {cron: 0 0 3 * * *}", r"flow\.cron: Wrong number of fields: expected a schedule of five fields"),
        (
            "flow: {timezone: Mars/X}",
            r"params\.yaml: flow\.timezone: expected the IANA name of a time zone, such as Europe/Berlin "
            r"\(got 'Mars/X'\)",
        ),
        ("flow: {timezone: Europe}", r"flow\.timezone: expected the IANA name of a time zone, .* \(got 'Europe'\)"),
        ("flow: {timezone: /etc/passwd}", r"flow\.timezone: expected the IANA name of a time zone, "),
        (
            "flow: {stages: {retries: -1}}",
            r"flow\.stages\.retries: Input should be greater than or equal to 0",
        ),
        ("flow: [1]", r"params\.yaml: flow: Input should be a valid dictionary"),
        ("- 1", r"params\.yaml must be a mapping, not list"),
        ("a: [", r"params\.yaml is not YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(PipelineError, match=message):
        settings.load(tmp_path)


@pytest.mark.parametrize("cron", ["0 3 * * *", "*/15 8-18 * * mon-fri", "30 22 L * *"])
def test_a_schedule_and_its_time_zone_are_taken_as_they_are(tmp_path: Path, cron: str) -> None:
    (tmp_path / "params.yaml").write_text(f'flow: {{cron: "{cron}", timezone: America/Argentina/Ushuaia}}')
    assert settings.load(tmp_path) == FlowSettings(cron=cron, timezone="America/Argentina/Ushuaia")


def test_to_check_a_schedule_loads_no_prefect(tmp_path: Path) -> None:
    # What Prefect is told by its environment it reads when it is loaded; the command line sets that from the settings.
    (tmp_path / "params.yaml").write_text('flow: {cron: "0 3 * * *"}')
    code = "import sys; from pathlib import Path; from pipelines import settings; settings.load(Path()); "
    code += "print('prefect' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_hints_of_a_stage_go_over_the_defaults_of_the_flow() -> None:
    flow = FlowSettings(stages=StageHints(retries=2, timeout_s=60))
    assert flow.hints({"flow": {"timeout_s": None}, "owner": "somebody"}, "here") == StageHints(retries=2)
    assert flow.hints(None, "here") == flow.stages
    with pytest.raises(PipelineError, match="here: `flow` must be a mapping, not 3"):
        flow.hints({"flow": 3}, "here")
