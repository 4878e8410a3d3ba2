"""Trained classifiers on disk: one folder an arm, one weight file a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from augment.classifier.building import build_backbone
from augment.classifier.classifier_spec import ClassifierSpec
from augment.classifier.training import TrainedClassifier
from augment.core.errors import ContainerError
from augment.core.images import ImageSet
from augment.core.provenance import require_settings
from augment.runtime.machine import Machine
from augment.runtime.weights import load_weights, read_config, write_model

COMMON = "trunk"
"""File of what the classifiers of an arm have in common. Arms of one dataset have the same, and DVC keeps it once."""


def write_classifiers(
    path: Path,
    runs: Sequence[TrainedClassifier],
    train: ImageSet,
    spec: ClassifierSpec,
    machine: Machine,
    made_by: Mapping[str, Any],
) -> None:
    """Write the classifiers of an arm, how their training went, and the settings that made them."""
    config = {
        "made_by": dict(made_by),
        "classes": list(train.classes),
        "shape": list(train.shape),
        "spec": spec.model_dump(),
        "machine": machine.describe(),
        "runs": [
            {
                "val_accuracy": run.val_accuracy,
                "best_step": run.best_step,
                "steps": run.steps,
                "converged": run.converged,
                **({} if run.val_endpoint is None else {"val_endpoint": run.val_endpoint}),
                **({} if run.believed is None else {"believed": run.believed}),
            }
            for run in runs
        ],
    }
    modules = {f"run_{number}": run.network.own for number, run in enumerate(runs)}
    common = runs[0].network.common
    write_model(path, config, modules if common is None else {COMMON: common, **modules})


def read_classifiers(
    path: Path, classes: Sequence[str], shape: tuple[int, int, int], made_by: Mapping[str, Any]
) -> list[TrainedClassifier]:
    """Read the classifiers of an arm, ready to predict.

    Args:
        path: The folder that `write_classifiers` made.
        classes: Class names of the images they are to judge.
        shape: Channels, height and width of those images.
        made_by: The settings that must have made them.

    Raises:
        ContainerError: The folder is not whole, or its classifiers were trained for other classes or shapes, or with
            other settings.
    """
    config = read_config(path)
    require_settings(f"{path}: made_by", config.get("made_by"), **made_by)
    found = (tuple(config["classes"]), tuple(config["shape"]))
    if found != (tuple(classes), shape):
        raise ContainerError(
            f"{path}: expected classifiers for classes and shape {(tuple(classes), shape)}, found {found}"
        )
    spec = ClassifierSpec(**config["spec"])
    runs: list[TrainedClassifier] = []
    for number, run in enumerate(config["runs"]):
        network = build_backbone(shape, len(classes), spec)
        if runs and network.common is not None:
            network.stages = runs[0].network.stages
        elif network.common is not None:
            load_weights(path, COMMON, network.common)
        load_weights(path, f"run_{number}", network.own)
        runs.append(TrainedClassifier(network=network.eval(), **run))
    return runs
