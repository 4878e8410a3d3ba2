from pathlib import Path
from typing import get_origin, get_type_hints

import pytest
import yaml

from augment.core.registry import load
from augment.core.store import write_json
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.page import reading
from augment.page.reading import TRANSLATORS, described, read_provenance
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.translator import Translator


def test_a_note_of_what_a_stage_cost_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    write_json(tmp_path / "compare.json", {"stage": "compare@toys", "wall_s": 1.0})
    for name, content in (
        ("cut.json", b'{"stage": "cu'),
        ("empty.json", b""),
        ("list.json", b"[]"),
        ("x.json", b"\xff"),
    ):
        (tmp_path / name).write_bytes(content)
    assert read_provenance("toys", tmp_path / "dvc.lock", tmp_path, {}).costs == {
        "compare@toys": {"stage": "compare@toys", "wall_s": 1.0}
    }


def test_provenance_is_of_one_dataset_and_of_what_the_user_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = ("prepare@toys", "merge@toys-half", "prepare@toys_2", "prepare@gone", "check")
    outs = [{"path": "reports/toys/comparison.md"}, {"path": "results/toys"}]
    lock = {"stages": {name: {"outs": outs} for name in stages}}
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump(lock))
    for name in stages:
        write_json(tmp_path / f"{name}.json", {"stage": name})
    lines = ["dvc.lock", "reports/toys/comparison.md", "results/toys/a.json", "results/toys_2", "params.yaml"]
    monkeypatch.setattr(
        reading, "_git", lambda *words: [f" M {line}" for line in lines] if words[0] == "status" else []
    )
    monkeypatch.chdir(tmp_path)
    found = read_provenance("toys", Path("dvc.lock"), tmp_path, {})
    assert set(found.lock["stages"]) == set(found.costs) == {"prepare@toys", "merge@toys-half"}
    assert found.changed == ("results/toys_2", "params.yaml")


def test_whose_images_are_translations_is_known_of_every_synthesizer() -> None:
    builders = {kind: load(spec.BUILDER) for kind, spec in SynthesizerSpec.registered().items()}
    told = {kind: each if isinstance(each, type) else get_type_hints(each)["return"] for kind, each in builders.items()}
    made = {kind: get_origin(each) or each for kind, each in told.items()}
    assert {kind for kind, network in made.items() if issubclass(network, Translator)} == {*TRANSLATORS}


def test_a_source_is_told_in_words_without_what_is_not_set() -> None:
    source = ImageFolderSource(kind="image_folder", image_size=24, mode="rgb")
    assert described(source).startswith("image folder, image size 24, mode rgb")
    assert "None" not in described(source)
