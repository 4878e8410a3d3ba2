from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augment.core.errors import DataError
from augment.core.store import read_image_set
from augment.datasets.specs import ImageFolderSource, NoScarcity, SklearnDigitsSource, SplitSpec
from augment.datasets.splits import Split
from augment.stages.prepare import prepare


def test_each_image_takes_its_group_with_it(tmp_path: Path) -> None:
    """Groups are told by brightness; splitting and dropping duplicates must not mix them up."""
    raw, rng = tmp_path / "raw", np.random.default_rng(0)
    lines = ["file,group"]
    for label in ("cat", "dog"):
        (raw / label).mkdir(parents=True)
        for number in range(12):
            low = number % 2 * 128
            pixels = rng.integers(low, low + 128, (8, 8)) if number else np.full((8, 8), 7)  # 0 is a duplicate
            Image.fromarray(pixels.astype(np.uint8)).save(raw / label / f"{number}.png")
            lines.append(f"{label}/{number}.png,{'bright' if low else 'dark'}")
    (raw / "light.csv").write_text("\n".join(lines))
    parts = {name: tmp_path / name for name in ("train", "val", "test")}
    prepare.run(
        dataset="pets",
        source=ImageFolderSource(kind="image_folder", size=8, mode="grey", groups="light.csv"),
        split=SplitSpec(val=6, test=6),
        scarcity=NoScarcity(kind="none"),
        seed=0,
        raw=raw,
        **parts,
    )
    read = {name: read_image_set(path) for name, path in parts.items()}
    assert {name: len(images) for name, images in read.items()} == {"train": 10, "val": 6, "test": 6}
    for images in read.values():
        bright = images.images.reshape(len(images), -1).mean(1) > 128
        assert images.manifest["group"].tolist() == ["bright" if each else "dark" for each in bright]


def test_splits_that_overlap_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlapping = Split(train=np.arange(5), val=np.arange(4, 8), test=np.arange(8, 12))
    monkeypatch.setattr("augment.stages.prepare.split_rows", lambda *_: overlapping)
    paths = {name: tmp_path / name for name in ("raw", "train", "val", "test")}
    with pytest.raises(DataError, match=r"train and .*val: expected no image in both, found 1"):
        prepare.run(
            dataset="digits",
            source=SklearnDigitsSource(kind="sklearn_digits"),
            split=SplitSpec(val=4, test=4),
            scarcity=NoScarcity(kind="none"),
            seed=0,
            **paths,
        )
    assert list(tmp_path.iterdir()) == []
