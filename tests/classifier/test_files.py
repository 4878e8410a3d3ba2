from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from augment.classifier.building import build_network
from augment.classifier.classifier_spec import ClassifierSpec
from augment.classifier.files import read_classifiers, write_classifiers
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import TrainedClassifier
from augment.core.errors import ContainerError
from augment.core.images import ImageSet
from augment.runtime.machine import Machine

SPECS = [ClassifierSpec(width=4), ClassifierSpec(backbone="resnet18")]


def write(folder: Path, stripes: ImageSet, cpu: Machine, spec: ClassifierSpec) -> Path:
    runs = [
        TrainedClassifier(build_network(stripes.shape, 3, spec, 0, run).eval(), 5, 10, True, 0.5 + run)
        for run in range(2)
    ]
    write_classifiers(folder / "arm", runs, stripes, spec, cpu, {"recipe": "plain", "seeds": 2})
    return folder / "arm"


@pytest.mark.parametrize("spec", SPECS)
def test_every_run_survives_the_disk(tmp_path: Path, stripes: ImageSet, cpu: Machine, spec: ClassifierSpec) -> None:
    runs = read_classifiers(write(tmp_path, stripes, cpu, spec), stripes.classes, stripes.shape, {"seeds": 2})
    assert [run.val_accuracy for run in runs] == [0.5, 1.5]
    for number, run in enumerate(runs):
        written = build_network(stripes.shape, 3, spec, 0, number).eval()
        found, expected = (predict_probabilities(net, stripes.images, cpu) for net in (run.network, written))
        assert np.array_equal(found, expected)


def test_classifiers_of_other_classes_are_refused(tmp_path: Path, stripes: ImageSet, cpu: Machine) -> None:
    arm = write(tmp_path, stripes, cpu, SPECS[0])
    with pytest.raises(ContainerError, match="expected classifiers for classes and shape"):
        read_classifiers(arm, ("a", "b", "c"), stripes.shape, {})


def test_classifiers_of_other_settings_are_refused(tmp_path: Path, stripes: ImageSet, cpu: Machine) -> None:
    arm = write(tmp_path, stripes, cpu, SPECS[0])
    with pytest.raises(ContainerError, match=r"made_by: found seeds 2, expected 5"):
        read_classifiers(arm, stripes.classes, stripes.shape, {"recipe": "plain", "seeds": 5})


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, stripes: ImageSet, cpu: Machine) -> None:
    # Their predictions would all be the first class, and look like an answer.
    arm = write(tmp_path, stripes, cpu, SPECS[0])
    weights = load_file(arm / "run_1.safetensors")
    weights["head.weight"][0, 0] = float("nan")
    save_file(weights, arm / "run_1.safetensors")
    with pytest.raises(ContainerError, match=r"run_1\.safetensors: expected finite numbers, .* in head\.weight"):
        read_classifiers(arm, stripes.classes, stripes.shape, {})
