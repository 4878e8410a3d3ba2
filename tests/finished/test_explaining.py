"""What speaks for an answer."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augment.core.errors import SettingsError
from augment.finished.classifier import Ensemble, read_ensemble
from augment.finished.explaining import overlaid, saliency
from augment.finished.project import open_project


@pytest.fixture(scope="module")
def ensemble(root: Path) -> Ensemble:
    return read_ensemble(open_project(root), "toys")


def test_attributions_sum_to_what_the_image_adds_to_the_probability(ensemble: Ensemble) -> None:
    """Completeness, proposition 1 of the paper, from the grey image on."""
    pytest.importorskip("captum", reason="the extra explain is not installed")
    images, labels = ensemble.val.images[:4], ensemble.val.labels[:4]
    found = saliency(ensemble, images, labels)
    assert found.shape == (4, 8, 8)
    grey = np.full_like(images[:1], 128)  # half a level above 0, where the way begins
    gain = ensemble.mean(images)[np.arange(4), labels] - ensemble.mean(grey)[0, labels]
    assert np.allclose(found.sum(axis=(1, 2)), gain, atol=0.1)


def test_without_the_extra_its_name_is_told(ensemble: Ensemble, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def missing(name: str, *others: Any, **more: Any) -> Any:
        if name.startswith("captum"):
            raise ImportError(name)
        return plain(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(
        SettingsError, match=r"--explain needs captum, of the extra explain: pip install '\.\[explain\]'"
    ):
        saliency(ensemble, ensemble.val.images[:1], ensemble.val.labels[:1])


def test_pixels_for_a_class_are_red_and_against_it_blue() -> None:
    image = np.full((1, 2, 2), 100, dtype=np.uint8)
    picture = overlaid(image, np.asarray([[1.0, -1.0], [0.0, 0.0]]), scale=1)
    assert picture.shape == (2, 4, 3)
    assert (picture[:, :2] == 100).all()
    assert picture[0, 2].tolist() == [255, 0, 0]
    assert picture[0, 3].tolist() == [0, 0, 255]
    assert picture[1, 2].tolist() == [114, 114, 114]
    assert overlaid(image, np.zeros((2, 2)), scale=3).shape == (6, 12, 3)
