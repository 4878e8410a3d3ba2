from pathlib import Path

import numpy as np
import pytest

from augment.classifier.files import read_classifiers, write_classifiers
from augment.classifier.prediction import predict_probabilities
from augment.classifier.specs import ClassifierSpec
from augment.classifier.training import Trained, build_network
from augment.core.errors import ContainerError
from augment.core.images import ImageSet
from augment.runtime.machine import Machine

SPEC = ClassifierSpec(width=4)


@pytest.fixture
def arm(tmp_path: Path, stripes: ImageSet, cpu: Machine) -> Path:
    runs = [Trained(build_network(stripes.shape, 3, SPEC, 0, run).eval(), 5, 10, True, 0.5 + run) for run in range(2)]
    write_classifiers(tmp_path / "arm", runs, stripes, SPEC, cpu)
    return tmp_path / "arm"


def test_every_run_survives_the_disk(arm: Path, stripes: ImageSet, cpu: Machine) -> None:
    runs = read_classifiers(arm, stripes.classes, stripes.shape)
    assert [run.val_accuracy for run in runs] == [0.5, 1.5]
    for number, run in enumerate(runs):
        written = build_network(stripes.shape, 3, SPEC, 0, number).eval()
        found, expected = (predict_probabilities(net, stripes.images, cpu) for net in (run.network, written))
        assert np.array_equal(found, expected)


def test_classifiers_of_other_classes_are_refused(arm: Path, stripes: ImageSet) -> None:
    with pytest.raises(ContainerError, match="expected classifiers for classes and shape"):
        read_classifiers(arm, ("a", "b", "c"), stripes.shape)
