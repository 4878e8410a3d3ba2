"""What the documents say, held against the project."""

import re
from pathlib import Path

import pytest
import yaml

from augment.classifier.specs import ClassifierSpec
from augment.settings import DatasetSpec, load_settings
from augment.synthesis.specs import GanSpec, SynthesisSpec

PROJECT = Path(__file__).parents[1]
DATASETS = (PROJECT / "docs" / "datasets.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", DATASETS, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_dataset_block_works_as_written(tmp_path: Path, block: str) -> None:
    settings = (PROJECT / "params.yaml").read_text().replace("datasets:\n", f"datasets:\n{block}", 1)
    (tmp_path / "params.yaml").write_text(settings)
    (name,) = yaml.safe_load(block)
    assert isinstance(load_settings(tmp_path / "params.yaml").datasets[name], DatasetSpec)


@pytest.mark.parametrize(
    ("section", "spec"), [("gan", GanSpec), ("synthesis", SynthesisSpec), ("classifier", ClassifierSpec)]
)
def test_every_key_is_documented_with_its_default(
    section: str, spec: type[GanSpec | SynthesisSpec | ClassifierSpec]
) -> None:
    rows = dict(re.findall(rf"\| `{section}\.(\w+)` \|.*\| (.*) \|", DATASETS))
    assert set(rows) == set(spec.model_fields)
    for name, field in spec.model_fields.items():
        documented = yaml.safe_load(rows[name])
        assert documented == ("–" if field.is_required() else field.default)


def test_the_readme_shows_the_committed_reference_run() -> None:
    table = (PROJECT / "reports" / "comparison.md").read_text()
    shown = re.search(r"<!-- results -->\n(.*)<!-- /results -->", (PROJECT / "README.md").read_text(), flags=re.DOTALL)
    assert shown is not None
    # In the README the report is a section: its headings stand one level deeper.
    assert shown[1].strip() == re.sub(r"^#", "##", table, flags=re.MULTILINE).strip()
