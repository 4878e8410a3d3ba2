"""Trained synthesizers on disk: ``model.json`` and one file of weights."""

from pathlib import Path

from pydantic import TypeAdapter

from augment.core.images import ImageSet
from augment.core.specs import parse
from augment.runtime.machine import Machine
from augment.runtime.weights import load_weights, read_config, write_model
from augment.synthesis.fitting import build
from augment.synthesis.record import Trained
from augment.synthesis.specs import SynthesizerSpec
from augment.synthesis.synthesizer import Synthesizer

WEIGHTS = "synthesizer"


def write_synthesizer(path: Path, trained: Trained, train: ImageSet, spec: SynthesizerSpec, machine: Machine) -> None:
    """Write a synthesizer, and how its training went.

    Args:
        path: The folder to make, whole or not at all.
        trained: The synthesizer.
        train: What it learned from.
        spec: How.
        machine: Where.
    """
    config = {
        "classes": list(train.classes),
        "shape": list(train.shape),
        "spec": spec.model_dump(),
        "sizes": dict(trained.synthesizer.sizes),
        "machine": machine.describe(),
        "best_step": trained.best_step,
        "steps": trained.steps,
        "rollbacks": trained.rollbacks,
    }
    write_model(path, config, {WEIGHTS: trained.synthesizer})


def read_synthesizer(path: Path) -> tuple[Synthesizer, tuple[str, ...]]:
    """Read a synthesizer, ready to sample from, and its class names.

    Raises:
        ContainerError: The folder is not whole.
    """
    config = read_config(path)
    spec: SynthesizerSpec = parse(TypeAdapter(SynthesizerSpec), config["spec"], str(path))
    classes = tuple(config["classes"])
    channels, height, width = config["shape"]
    synthesizer = build(spec, (channels, height, width), len(classes), config["sizes"])
    load_weights(path, WEIGHTS, synthesizer)
    return synthesizer.eval(), classes
