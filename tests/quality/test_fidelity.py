import numpy as np
import pytest

from augment.quality.fidelity import label_fidelity


def test_label_fidelity_counts_per_class() -> None:
    intended, judged = np.asarray([0, 0, 0, 1, 1]), np.asarray([0, 0, 1, 1, 0])
    found = label_fidelity(intended, judged, 3)
    assert found[:2] == pytest.approx([2 / 3, 1 / 2])
    assert np.isnan(found[2])
