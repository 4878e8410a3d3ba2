"""Settings are validated, and say where they are wrong."""

import re
from pathlib import Path

import pytest
import yaml

from pipelines import settings
from pipelines.commands import PipelineError
from pipelines.settings import FlowSettings


def test_a_workspace_without_the_block_gets_the_defaults(tmp_path: Path) -> None:
    assert settings.load(tmp_path) == FlowSettings()
    (tmp_path / "params.yaml").write_text("seed: 0\n")
    assert settings.load(tmp_path) == FlowSettings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "flow: {job: 2}",
            r"params\.yaml: flow\.job: unknown key, expected one of jobs, .*pools, workers, notify \(got 2\)",
        ),
        (
            "flow: {server: {prot: 1}}",
            r"flow\.server\.prot: unknown key, expected one of host, port, keep_days \(got 1\)",
        ),
        ("flow: {jobs: 0}", r"params\.yaml: flow\.jobs: Input should be greater than 0 \(got 0\)"),
        ("flow: {server: {port: 0}}", r"flow\.server\.port: Input should be greater than or equal to 1 \(got 0\)"),
        (
            "flow: {watch: {paths: [raw]}, slots: {gpu: 1}}",
            r"flow\.watch: unknown key, .*; params\.yaml: flow\.slots: unknown key, ",
        ),
        ("flow: {pools: [slow]}", r"params\.yaml: flow\.pools: Input should be a valid dictionary \(got \['slow'\]\)"),
        ("flow: {workers: {cache: s3}}", r"flow\.workers\.cache: Input should be 'shared' or 'remote' \(got 's3'\)"),
        ("flow: [1]", r"params\.yaml: flow: Input should be a valid dictionary"),
        ("- 1", r"params\.yaml must be a mapping, not list"),
        ("a: [", r"params\.yaml is not YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(PipelineError, match=message):
        settings.load(tmp_path)


GUIDE = (Path(__file__).parents[2] / "docs" / "flow.md").read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)]


@pytest.mark.parametrize("block", [block["flow"] for block in BLOCKS if "flow" in block])
def test_the_examples_of_the_guide_are_valid(block: object) -> None:
    FlowSettings.read(block, "docs/flow.md")
