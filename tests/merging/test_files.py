import json
from pathlib import Path

import numpy as np
import pytest

from augment.core.container import write_image_set
from augment.core.errors import AugmentError
from augment.core.paths import PathPattern
from augment.core.store import write_parquet
from augment.merging.files import Drawn, read_drawn
from augment.merging.mix_spec import MixSpec
from tests.merging.conftest import good_scores, image_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two synthesizers' images, scores and checks, the second of which failed one."""
    for number, (name, failures) in enumerate({"gan": [], "vae": ["class 0 ('a'): coverage 0.05"]}.items()):
        images = image_set([2 + number, 2], synthetic=True)
        write_image_set(tmp_path / name, images, {})
        write_parquet(tmp_path / f"{name}.parquet", good_scores(images))
        (tmp_path / f"{name}.json").write_text(json.dumps({"failures": failures}))
    return tmp_path


def drawn(folder: Path, spec: MixSpec) -> Drawn:
    synthetic, quality, scores = (
        PathPattern(f"{folder}/{{synthesizer}}{ending}") for ending in ("", ".json", ".parquet")
    )
    return read_drawn(spec, "mixes.more", synthetic=synthetic, quality=quality, scores=scores)


def test_a_mix_takes_the_images_and_scores_of_its_own_synthesizer(folder: Path) -> None:
    images, scores = drawn(folder, MixSpec(synthesizer="gan", share=0.5))
    expected = image_set([2, 2], synthetic=True)
    assert np.array_equal(images.images, expected.images)
    assert scores.equals(good_scores(expected))


def test_images_that_failed_their_checks_are_refused_unless_the_mix_allows_them(folder: Path) -> None:
    with pytest.raises(AugmentError, match=r"^mixes\.more: the images of synthesizer vae failed 1 check.*\n *class 0"):
        drawn(folder, MixSpec(synthesizer="vae", share=0.5))
    assert len(drawn(folder, MixSpec(synthesizer="vae", share=0.5, allow_failed=True)).images) == 5


def test_where_failures_are_allowed_nobody_asks_for_them(folder: Path) -> None:
    (folder / "gan.json").unlink()
    assert len(drawn(folder, MixSpec(synthesizer="gan", share=0.5, allow_failed=True)).images) == 4
