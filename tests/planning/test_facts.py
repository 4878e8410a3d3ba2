from pathlib import Path

import pytest

from augment.core.errors import DataError
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.sources.sklearn_digits import SklearnDigitsSource
from augment.datasets.sources.torchvision import TorchvisionSource
from augment.datasets.split_spec import LongTailScarcity, NoScarcity, PerClassScarcity, SplitSpec
from augment.planning.facts import facts, stand_in

DIGITS = SklearnDigitsSource(kind="sklearn_digits")
FOLDER = ImageFolderSource(kind="image_folder", image_size=24, mode="rgb")
ALL = NoScarcity(kind="none")


def test_a_dataset_that_is_at_hand_is_counted() -> None:
    known = facts(
        DIGITS, SplitSpec(val=0.2, test=0.25), LongTailScarcity(kind="long_tail", head=60, tail=6), Path("raw/digits")
    )
    assert (known.shape, known.classes) == ((1, 8, 8), 10)
    # A quarter of 1,797 is 449, a fifth of the rest 270; the tail is thinned to 246 images.
    assert (int(known.train.sum()), known.val, known.test) == (246, 270, 449)


def test_a_dataset_that_is_yet_to_be_downloaded_is_known_by_name() -> None:
    source = TorchvisionSource(kind="torchvision", name="MNIST")
    known = facts(source, SplitSpec(val=5000, test="official"), PerClassScarcity(kind="per_class", count=20), Path("x"))
    assert (known.shape, known.train.tolist(), known.val, known.test) == ((1, 28, 28), [20] * 10, 5000, 10_000)


def test_files_are_counted_and_not_read(tmp_path: Path) -> None:
    for name, count in (("cat", 8), ("dog", 4)):
        (tmp_path / name / "deep").mkdir(parents=True)
        for number in range(count):
            (tmp_path / name / "deep" / f"{number}.png").touch()
    known = facts(FOLDER, SplitSpec(val=2, test=0.25), ALL, tmp_path)
    assert (known.shape, known.train.tolist(), known.val, known.test) == ((3, 24, 24), [4, 2], 2, 3)


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{tmp_path}: expected one folder of images a class"):
        facts(FOLDER, SplitSpec(val=2, test=2), ALL, tmp_path)


def test_a_stand_in_has_shape_and_classes_of_the_dataset_and_every_class_twice() -> None:
    known = facts(DIGITS, SplitSpec(val=0.2, test=0.25), PerClassScarcity(kind="per_class", count=1), Path())
    images = stand_in(known)
    assert (images.shape, images.class_counts().tolist()) == ((1, 8, 8), [2] * 10)
    many = facts(DIGITS, SplitSpec(val=0.2, test=0.25), ALL, Path())
    assert len(stand_in(many)) == 256
