"""Containers held against the settings of who reads them."""

from pathlib import Path

import pytest

from augment.core.container import write_image_set
from augment.core.errors import ContainerError
from augment.core.images import ImageSet
from augment.core.provenance import described, require_made_by, require_same_origin
from augment.core.settings_block import Spec


class Source(Spec):
    side: int
    tags: tuple[str, ...] = ("a",)
    crop: bool = True


@pytest.fixture
def container(tmp_path: Path, stripes: ImageSet) -> Path:
    made_by = described(stage="prepare", dataset="pets", seed=0, source=Source(side=48))
    write_image_set(tmp_path / "set", stripes, made_by)
    return tmp_path / "set"


def test_a_container_of_the_same_settings_passes(container: Path) -> None:
    require_made_by(container, dataset="pets", seed=0, source=Source(side=48))
    require_made_by(container, stage="prepare")


def test_every_difference_is_told_by_its_key(container: Path) -> None:
    with pytest.raises(ContainerError) as error:
        require_made_by(container, dataset="pets", seed=1, source=Source(side=24, crop=False), mix="merged")
    assert str(error.value) == (
        f"{container}/meta.json: made_by: found seed 0, expected 1; source.crop true, expected false; "
        "source.side 48, expected 24; mix nothing, expected merged. It was made with other settings than those of "
        "params.yaml: make it again (dvc repro --force --single-item, and the name of its stage)"
    )


def test_a_key_that_a_spec_has_no_more_is_a_difference(container: Path) -> None:
    with pytest.raises(ContainerError, match=r"found source\.tags "):
        require_made_by(container, source={"side": 48, "crop": True})


def test_containers_of_one_origin_belong_together(tmp_path: Path, stripes: ImageSet) -> None:
    for name, seed in (("train", 0), ("val", 0), ("other", 1)):
        write_image_set(tmp_path / name, stripes, {"dataset": "toys", "seed": seed})
    require_same_origin(tmp_path / "train", tmp_path / "val")
    with pytest.raises(ContainerError, match=r"other.meta\.json: made_by: found seed 1, expected 0"):
        require_same_origin(tmp_path / "train", tmp_path / "val", tmp_path / "other")
