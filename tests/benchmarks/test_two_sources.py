import csv
from pathlib import Path

import numpy as np
import pytest

from augment.datasets.sources.image_folder import ImageFolderSource
from benchmarks import two_sources


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_sources, "PER_CLASS", 2)
    images, labels = two_sources.uci()
    assert (images.shape, images.max(), labels.max()) == ((1797, 8, 8), 255, 9)
    monkeypatch.setattr(two_sources, "uci", lambda: (images[:20], labels[:20]))


@pytest.mark.usefixtures("few")
def test_the_folder_is_one_that_the_pipeline_reads_with_both_sources_as_groups(tmp_path: Path) -> None:
    two_sources.write_two_sources(tmp_path)
    with (tmp_path / "groups.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 41
    found = ImageFolderSource(kind="image_folder", image_size=8, mode="grey", groups="groups.csv").load(tmp_path)
    assert found.groups is not None
    assert found.classes == tuple("0123456789")
    assert np.unique(found.groups, return_counts=True)[1].tolist() == [20, 20]
    assert found.counts().tolist() == [4] * 10
