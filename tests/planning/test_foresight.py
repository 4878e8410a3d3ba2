"""What is told before a run: it is told by names and numbers alone, and as `prepare` and `merge` will have it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from augment.core.errors import DataError
from augment.core.settings_block import parse
from augment.planning.foresight import foreseen
from augment.settings import Settings

QUARTERS, ALL = {"val": 0.25, "test": 0.25}, {"kind": "none"}


def settings_of(
    params: dict[str, Any],
    split: Mapping[str, Any] = QUARTERS,
    scarcity: Mapping[str, Any] = ALL,
    source: Mapping[str, Any] = {},  # nobody changes it
) -> Settings:
    """Make the project's settings those of an image folder."""
    source = {"kind": "image_folder", "image_size": 16, "mode": "rgb"} | dict(source)
    changed = {"source": source, "scarcity": scarcity, "split": split}
    return parse(Settings, params | {"datasets": {"pets": params["datasets"]["digits"] | changed}}, "params.yaml")


def fill(folder: Path, **counts: int) -> Path:
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            (folder / name / f"{number:03}.png").touch()
    return folder


def test_a_class_that_the_splits_cannot_serve_is_refused(params: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"split\.test: every class needs at least 2 images .*, too few of emu \(1\)"):
        foreseen(settings_of(params), "pets", fill(tmp_path, cat=30, emu=1))


def test_a_class_too_small_for_its_scarcity_is_refused(params: dict[str, Any], tmp_path: Path) -> None:
    thinned = settings_of(params, scarcity={"kind": "per_class", "count": 40})
    with pytest.raises(DataError, match="class cat has 28 train images, expected at least 40"):
        foreseen(thinned, "pets", fill(tmp_path, cat=50, dog=90))


def test_few_images_single_ones_and_names_alike_are_told(params: dict[str, Any], tmp_path: Path) -> None:
    few = fill(tmp_path, cat=30, Cat=9, emu=3)
    said = foreseen(settings_of(params, {"val": 0.4, "test": 0.34}), "pets", few)
    assert said[0] == "classes whose names are almost the same: Cat, cat"
    assert said[1].startswith("15 test images: an accuracy measured on them is uncertain by up to ±25 points")
    assert any(each.startswith("a single train image of emu (1): nothing can be interpolated") for each in said)


def test_a_mix_that_adds_nothing_or_asks_for_too_much_is_told(params: dict[str, Any], tmp_path: Path) -> None:
    equal, lopsided = fill(tmp_path / "equal", cat=400, dog=400), fill(tmp_path / "lopsided", cat=2000, dog=100)
    assert foreseen(settings_of(params), "pets", equal) == [
        f"mixes.{mix} will add nothing: every class has 225 train images, and `fill: largest` asks for no more. "
        "Give it a `share`"
        for mix in ("merged", "control")
    ]
    (first, _) = foreseen(settings_of(params), "pets", lopsided)
    assert first == (
        "mixes.merged asks for more synthetic images of dog (1069) than datasets.pets.synthesis.per_class draws (600), "
        "and will be left out: raise that to 1069, or ask for less"
    )


def test_the_projects_own_dataset_has_nothing_to_be_told(settings: Settings) -> None:
    assert foreseen(settings, "digits", Path("raw/digits")) == []


def test_what_the_source_sets_apart_and_its_groups_are_heeded(params: dict[str, Any], tmp_path: Path) -> None:
    for split, count in (("train", 30), ("val", 12), ("test", 14)):
        fill(tmp_path / "apart" / split, cat=count, dog=count)
    apart = settings_of(params, {"val": "official", "test": "official"}, source={"kind": "split_folders"})
    # 28 test images of two classes; not a word of val, which has enough.
    assert [said[:20] for said in foreseen(apart, "pets", tmp_path / "apart")] == [
        "28 test images: an a",
        "mixes.merged will ad",
        "mixes.control will a",
    ]
    files = [f"{kind}/{number:03}.png" for kind in ("cat", "dog") for number in range(12)]
    fill(tmp_path / "grouped", cat=12, dog=12)
    together = settings_of(
        params, {"val": 0.3, "test": 0.3, "keep_together": ["group", "near_copies"]}, source={"groups": "groups.csv"}
    )
    rows = "".join(f"{file},{number % 6}\n" for number, file in enumerate(files))
    (tmp_path / "grouped" / "groups.csv").write_text("file,group\n" + rows)
    assert any(said.startswith("8 test images:") for said in foreseen(together, "pets", tmp_path / "grouped"))
    (tmp_path / "grouped" / "groups.csv").write_text("file,group\n" + "".join(f"{file},north\n" for file in files))
    with pytest.raises(DataError, match=r"split\.test, split\.keep_together: every class needs at least 3 sets"):
        foreseen(together, "pets", tmp_path / "grouped")
    rare = {"kind": "cells", "cells": {group: ["cat"] for group in "012"}, "count": 0}
    (tmp_path / "grouped" / "groups.csv").write_text("file,group\n" + rows)
    thinned = settings_of(params, {"val": 0.3, "test": 0.3}, rare, source={"groups": "groups.csv"})
    assert not any("will add nothing" in said for said in foreseen(thinned, "pets", tmp_path / "grouped"))
