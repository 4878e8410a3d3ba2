"""Settings are validated, and say where they are wrong."""

from pathlib import Path

import pytest

from pipelines import settings
from pipelines.settings import FlowSettings, SettingsError, StageHints


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
    with pytest.raises(SettingsError, match=message):
        settings.load(tmp_path)


def test_hints_of_a_stage_go_over_the_defaults_of_the_flow() -> None:
    flow = FlowSettings(stages=StageHints(retries=2, timeout_s=60))
    assert flow.hints({"flow": {"timeout_s": None}, "owner": "somebody"}, "here") == StageHints(retries=2)
    assert flow.hints(None, "here") == flow.stages
    with pytest.raises(SettingsError, match="here: `flow` must be a mapping, not 3"):
        flow.hints({"flow": 3}, "here")
