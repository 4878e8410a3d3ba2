"""What the documents say, held against the project."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.merging.specs import AutoMixSpec, MixSpec
from augment.reference import MARKED, TABLES, rewrite
from augment.settings import DatasetSpec, load_settings
from augment.synthesis.base.drawing_spec import SynthesisSpec

PROJECT = Path(__file__).parents[1]
DATASETS = (PROJECT / "docs" / "datasets.md").read_text()
ARMS = (PROJECT / "docs" / "arms.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", DATASETS, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_dataset_block_works_as_written(tmp_path: Path, block: str) -> None:
    settings = (PROJECT / "params.yaml").read_text().replace("datasets:\n", f"datasets:\n{block}", 1)
    (tmp_path / "params.yaml").write_text(settings)
    (name,) = yaml.safe_load(block)
    assert isinstance(load_settings(tmp_path / "params.yaml").datasets[name], DatasetSpec)


def defaults(spec: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """List every key below a spec with its default; keys of a block are found however deep."""
    found: dict[str, Any] = {}
    for name, field in spec.model_fields.items():
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        blocks = [kind for kind in kinds if issubclass(kind, BaseModel)]
        for block in blocks:
            found |= defaults(block, f"{prefix}{name}.")
        if not blocks:
            found[prefix + name] = "–" if field.is_required() else field.get_default(call_default_factory=True)
    return found


def documented(text: str, prefix: str = "") -> dict[str, Any]:
    """Read the keys and defaults of the tables in a text."""
    rows = re.findall(rf"\| `{prefix}([\w.]+)` \|.*\| (.*) \|", text)
    return {name: None if default == "none" else yaml.safe_load(default) for name, default in rows}


@pytest.mark.parametrize(("section", "spec"), [("synthesis", SynthesisSpec), ("classifier", ClassifierSpec)])
def test_every_key_of_a_dataset_is_documented_with_its_default(section: str, spec: type[BaseModel]) -> None:
    assert documented(DATASETS, rf"{section}\.") == defaults(spec)


@pytest.mark.parametrize(
    ("heading", "spec"),
    [("Recipes", RecipeSpec), ("Training sets", MixSpec), ("A share chosen on val", AutoMixSpec)],
)
def test_every_key_of_an_arm_is_documented_with_its_default(heading: str, spec: type[BaseModel]) -> None:
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", ARMS, flags=re.DOTALL | re.MULTILINE)
    assert documented(section) == defaults(spec)


def test_the_example_arms_work_as_written(tmp_path: Path) -> None:
    settings = yaml.safe_load((PROJECT / "params.yaml").read_text())
    for block in re.findall(r"```yaml\n(.*?)```", ARMS, flags=re.DOTALL):
        for name, examples in yaml.safe_load(block).items():
            place = settings["arms"] if name == "recipes" else settings
            place[name] = place[name] | examples
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings))
    load_settings(tmp_path / "params.yaml")


@pytest.mark.parametrize("document", sorted((PROJECT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_tables_of_options_are_those_of_the_settings(document: Path) -> None:
    assert document.read_text() == rewrite(document.read_text()), "mend by: python -m augment.reference docs/*.md"


def test_every_table_of_options_has_a_place_in_the_documents() -> None:
    marks = [mark[2] for path in (PROJECT / "docs").glob("*.md") for mark in MARKED.finditer(path.read_text())]
    assert sorted(marks) == sorted(TABLES)


def test_the_readme_shows_the_committed_reference_run() -> None:
    table = (PROJECT / "reports" / "digits" / "comparison.md").read_text()
    shown = re.search(r"<!-- results -->\n(.*)<!-- /results -->", (PROJECT / "README.md").read_text(), flags=re.DOTALL)
    assert shown is not None
    # In the README the report is a section: its headings stand one level deeper.
    assert shown[1].strip() == re.sub(r"^#", "##", table, flags=re.MULTILINE).strip()


def test_the_readme_shows_the_committed_study() -> None:
    study = (PROJECT / "benchmarks" / "studies" / "regimes" / "results.md").read_text()
    table = re.search(r"^## Did synthesis help\?\n\n(.*?)\n\n", study, flags=re.DOTALL | re.MULTILINE)
    shown = re.search(r"<!-- regimes -->\n(.*)<!-- /regimes -->", (PROJECT / "README.md").read_text(), flags=re.DOTALL)
    assert table is not None
    assert shown is not None
    assert shown[1].strip() == table[1].strip()
