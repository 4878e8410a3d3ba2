"""What the documents say, held against the project."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.merging.specs import AutoMixSpec, MixSpec
from augment.quality.specs import GateSpec
from augment.runtime.specs import RuntimeSpec
from augment.settings import DatasetSpec, load_settings
from augment.synthesis.classical.specs import JitterSpec, MixtureSpec, SmoteSpec
from augment.synthesis.gan.specs import GanSpec
from augment.synthesis.specs import SynthesisSpec
from augment.synthesis.vae.specs import VaeSpec

PROJECT = Path(__file__).parents[1]
DATASETS = (PROJECT / "docs" / "datasets.md").read_text()
SYNTHESIZERS = (PROJECT / "docs" / "synthesizers.md").read_text()
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


@pytest.mark.parametrize(("section", "spec"), [("gate", GateSpec), ("runtime", RuntimeSpec)])
def test_every_key_of_gate_and_machine_is_documented_with_its_default(section: str, spec: type[BaseModel]) -> None:
    assert documented(SYNTHESIZERS, rf"{section}\.") == defaults(spec)


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


@pytest.mark.parametrize("spec", [GanSpec, VaeSpec, MixtureSpec, SmoteSpec, JitterSpec])
def test_every_key_of_a_synthesizer_is_documented_with_its_default(spec: type[BaseModel]) -> None:
    (kind,) = get_args(spec.model_fields["kind"].annotation)
    expected = {name: value for name, value in defaults(spec).items() if name != "kind"}
    if kind == "vae":  # says of these blocks that they are the GAN's
        expected = {name: value for name, value in expected.items() if not name.startswith(("network.", "watch."))}
    (table,) = re.findall(rf"^### `{kind}`\n(.*?)(?=^### |\Z)", SYNTHESIZERS, flags=re.DOTALL | re.MULTILINE)
    assert documented(table) == expected


def test_the_readme_shows_the_committed_reference_run() -> None:
    table = (PROJECT / "reports" / "comparison.md").read_text()
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
