"""Trained synthesizers on disk: ``model.json`` and one file of weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from augment.core.cells import group_names
from augment.core.errors import ContainerError, SettingsError
from augment.core.images import ImageSet
from augment.core.registry import load
from augment.core.settings_block import parse
from augment.runtime.weights import load_weights, read_config, write_model
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.base.translator import Translator

WEIGHTS, OTHERS = "synthesizer", "generators"


def write_synthesizer(
    path: Path, synthesizer: Synthesizer, spec: SynthesizerSpec, train: ImageSet, about: Mapping[str, Any]
) -> None:
    """Write a synthesizer.

    Args:
        path: The folder to make, whole or not at all.
        synthesizer: Trained.
        spec: By these settings.
        train: What it learned from.
        about: How its training went; plain JSON values.
    """
    config = {
        "classes": list(train.classes),
        "shape": list(train.shape),
        "spec": spec.model_dump(),
        "sizes": dict(synthesizer.sizes),
        **({"groups": list(group_names(train))} if isinstance(synthesizer, Translator) else {}),
        **about,
    }
    write_model(path, config, {WEIGHTS: synthesizer})


def read_synthesizer(path: Path) -> tuple[Synthesizer, tuple[str, ...]]:
    """Read a synthesizer, ready to sample from, and its class names.

    Raises:
        ContainerError: The folder is not whole.
    """
    config = read_config(path)
    try:
        spec = parse(SynthesizerSpec.registered()[config["spec"]["kind"]], config["spec"], f"{path}: spec")
        classes, (channels, height, width), sizes = tuple(config["classes"]), config["shape"], config["sizes"]
        synthesizer: Synthesizer = build(spec, (channels, height, width), len(classes), sizes)
    except (SettingsError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ContainerError(f"{path}: expected the settings of a trained synthesizer ({error!r:.200})") from error
    load_weights(path, WEIGHTS, synthesizer)
    return synthesizer.eval(), classes


def generator_folder(path: Path, number: int) -> Path:
    """Give the folder of one of a synthesizer's generators, numbered from 0: the first's is the synthesizer's own."""
    return path if number == 0 else path / OTHERS / str(number + 1)


def generator_folders(path: Path) -> list[Path]:
    """List the folders of a synthesizer's generators.

    Raises:
        ContainerError: One is missing, or ``path`` is no synthesizer.
        LeftOutError: The synthesizer could not be made.
    """
    try:
        count = int(read_config(path)["spec"].get("generators", 1))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContainerError(f"{path}: expected the settings of a trained synthesizer ({error!r:.200})") from error
    folders = [generator_folder(path, number) for number in range(count)]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise ContainerError(f"{path}: expected {count} generators, found no {', '.join(missing)}")
    return folders


def read_groups(path: Path) -> tuple[str, ...]:
    """Read the names of the groups that a `Translator` translates between.

    Raises:
        ContainerError: The folder is not whole, or they are not all there.
    """
    config = read_config(path)
    groups = config.get("groups")
    if not isinstance(groups, list) or len(groups) != config.get("sizes", {}).get("groups"):
        raise ContainerError(f"{path}: groups: expected the names of the groups, found {groups!r:.80}")
    return tuple(map(str, groups))


def build(spec: SynthesizerSpec, shape: tuple[int, int, int], classes: int, sizes: Mapping[str, int]) -> Synthesizer:
    """Build the untrained synthesizer that a trained one's weights fit into; see `Synthesizer.sizes`."""
    synthesizer: Synthesizer = load(spec.BUILDER)(spec, shape, classes, **sizes)
    return synthesizer
