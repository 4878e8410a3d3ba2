"""What the documents say, held against the project."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from augment.classifier.building import build_backbone
from augment.classifier.networks import Backbone
from augment.command_line import main
from augment.core.registry import Method, Registry, load
from augment.datasets.pictures import PictureSource
from augment.datasets.question import question
from augment.datasets.raw import Source
from augment.datasets.split_spec import SplitSpec
from augment.reference import MARKED, fill
from augment.settings import ArmsSpec, DatasetSpec, Settings, load_settings
from tests.datasets.layouts import LAYOUTS

PROJECT = Path(__file__).parents[1]
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
DATASETS = (PROJECT / "docs" / "datasets.md").read_text()
ARMS = (PROJECT / "docs" / "arms.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", DATASETS, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_dataset_block_works_as_written(tmp_path: Path, block: str) -> None:
    settings = (PROJECT / "params.yaml").read_text().replace("datasets:\n", f"datasets:\n{block}", 1)
    (tmp_path / "params.yaml").write_text(settings)
    (name,) = yaml.safe_load(block)
    assert isinstance(load_settings(tmp_path / "params.yaml").datasets[name], DatasetSpec)


def test_the_example_arms_work_as_written(tmp_path: Path) -> None:
    settings = yaml.safe_load((PROJECT / "params.yaml").read_text())
    for block in re.findall(r"```yaml\n(.*?)```", ARMS, flags=re.DOTALL):
        for name, examples in yaml.safe_load(block).items():
            place = settings["arms"] if name == "recipes" else settings
            place[name] = place[name] | examples
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings))
    load_settings(tmp_path / "params.yaml")


PRETRAINED = re.findall(r"```yaml\n(.*?)```", (PROJECT / "docs" / "pretrained.md").read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("block", PRETRAINED)
def test_the_example_classifiers_work_as_written(tmp_path: Path, block: str) -> None:
    settings = yaml.safe_load((PROJECT / "params.yaml").read_text())
    settings["datasets"]["digits"]["classifier"] = yaml.safe_load(block)["classifier"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings))
    spec = load_settings(tmp_path / "params.yaml").datasets["digits"].classifier
    # No weights are asked for: that the network is one of timm's is seen without them.
    assert isinstance(build_backbone((1, 8, 8), 10, spec), Backbone)


TUNE = (PROJECT / "docs" / "tune.md").read_text()


def test_the_search_works_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TUNE, flags=re.DOTALL)
    (tmp_path / "params.yaml").write_text((PROJECT / "params.yaml").read_text().replace("tuned: {}\n", block))
    assert load_settings(tmp_path / "params.yaml").tuned == {"digits": {"recipe": 24}}
    asked: list[tuple[str, float]] = []
    monkeypatch.setattr("augment.verbs.tune.open_project", lambda _: None)
    monkeypatch.setattr("augment.verbs.tune.tune", lambda _, __, what, ___, budget, *____: asked.append((what, budget)))
    for command in re.findall(r"^python -m augment (tune [^#\n]*)#", TUNE, flags=re.MULTILINE):
        assert main(command.split()) == 0
    third = 2400.0
    assert asked == [
        ("recipe", 1800.0),
        ("synthesizer", 7200.0),
        ("mix", 1800.0),
        ("synthesizer", third),
        ("recipe", third),
        ("mix", third),
    ]


SECTIONS = re.findall(r"^## [^\n]*\(`(\w+)`\)\n(.*?)(?=^## )", DATASETS, flags=re.DOTALL | re.MULTILINE)
ADDED = [
    (kind, source)
    for kind, section in SECTIONS
    for source in re.findall(r"^python -m augment add \w+ (\S+)", section, re.M)
]


@pytest.mark.parametrize(("kind", "source"), ADDED)
def test_the_commands_for_each_layout_work_as_written(
    kind: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "project").mkdir()
    shutil.copy(PROJECT / "params.yaml", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    layout = next(each for each in LAYOUTS.values() if each.source["kind"] == kind)
    there = Path(source).expanduser()
    layout.write(there.parent if there.suffix else there)
    for written in there.parent.glob("*.npz"):
        written.rename(there)
    name = next(re.finditer(rf"add (\w+) {source}", DATASETS))[1]
    assert main(["inspect", str(there)]) == 0
    assert main(["add", name, str(there)]) == 0
    dataset = load_settings(Path("params.yaml")).datasets[name]
    assert dataset.source.kind == kind  # type: ignore[attr-defined]  # every method has one
    assert len(dataset.source.load(Path("raw", name)).labels) == 24


def test_every_split_of_the_table_of_questions_is_one() -> None:
    rows = re.findall(r"^\| .*\? \| `(\{.*?\})`[:;]? ?.*\|$", DATASETS, flags=re.MULTILINE)
    asked = [SplitSpec.model_validate(yaml.safe_load(row)) for row in rows]
    assert len(asked) == 5
    assert len({question(each) for each in asked}) == 5


def test_every_layout_has_a_section_with_its_command() -> None:
    kinds = {kind for kind, spec in Source.registered().items() if issubclass(spec, PictureSource)}
    assert {kind for kind, _ in ADDED} == kinds - {"huggingface"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_what_stands_between_marks_is_what_the_settings_say(document: Path) -> None:
    text = document.read_text()
    assert fill(text) == text, f"mend by: python -m augment.reference {document.relative_to(PROJECT)}"
    assert len(MARKED.findall(text)) == len(re.findall(r"<!-- (options|choices|methods|overview) ", text))


def blocks(kind: Any) -> Iterator[type[BaseModel]]:
    """List all classes of settings that an annotation leads to, a family's methods for the family."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for spec in (issubclass(kind, Method) and kind.registered().values()) or [kind]:
            yield spec
            for field in spec.model_fields.values():
                yield from blocks(field.annotation)
    for part in get_args(kind):
        yield from blocks(part)


def chosen_from(spec: type[BaseModel]) -> Iterator[Registry[Any]]:
    """List the registries whose names are values of a block's keys."""
    for field in spec.model_fields.values():
        nested = [each for part in get_args(field.annotation) for each in getattr(part, "__metadata__", ())]
        yield from (each for each in (*field.metadata, *nested) if isinstance(each, Registry))


def explained(*how: str) -> list[Any]:
    marks = [mark for document in DOCUMENTS for mark in MARKED.finditer(document.read_text())]
    return [load(mark["thing"]) for mark in marks if mark["what"] in how]


def test_every_block_of_the_settings_has_a_table() -> None:
    documented = {spec for table in explained("options", "methods") for spec in blocks(table)}
    assert set(blocks(Settings)) - documented == {Settings, DatasetSpec, ArmsSpec}  # which hold blocks by name


def test_every_choice_is_explained() -> None:
    families = [each for each in Method.__subclasses__() if each.__module__.startswith("augment.")]
    registries = {id(each): each for spec in blocks(Settings) for each in chosen_from(spec)}
    assert families
    assert registries
    found = {id(each) for each in explained("choices", "methods")}
    assert [each for each in (*families, *registries.values()) if id(each) not in found] == []


def test_the_readme_shows_the_committed_reference_run() -> None:
    table = (PROJECT / "reports" / "digits" / "comparison.md").read_text()
    shown = re.search(r"<!-- results -->\n(.*)<!-- /results -->", (PROJECT / "README.md").read_text(), flags=re.DOTALL)
    assert shown is not None
    # In the README the report is a section: its headings stand one level deeper, and it ends with the table of arms.
    beginning, whole_table, _ = table.partition("\n\nHow many of 100 images of each part")
    assert whole_table
    assert shown[1].strip() == re.sub(r"^#", "##", beginning, flags=re.MULTILINE).strip()


def test_the_readme_shows_the_committed_study() -> None:
    study = (PROJECT / "benchmarks" / "studies" / "regimes" / "results.md").read_text()
    table = re.search(r"^## Did synthesis help\?\n\n(.*?)\n\n", study, flags=re.DOTALL | re.MULTILINE)
    shown = re.search(r"<!-- regimes -->\n(.*)<!-- /regimes -->", (PROJECT / "README.md").read_text(), flags=re.DOTALL)
    assert table is not None
    assert shown is not None
    assert shown[1].strip() == table[1].strip()
