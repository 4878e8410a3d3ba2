"""A classifier's network made of its settings, with the weights that training begins with."""

from augment.classifier.classifier_spec import ClassifierSpec
from augment.classifier.networks import Backbone
from augment.classifier.parts import BACKBONES, options_of
from augment.runtime.seeding import seeded_init


def build_backbone(shape: tuple[int, int, int], classes: int, spec: ClassifierSpec) -> Backbone:
    """Build the network that a spec names, its weights drawn from torch's global generator.

    Args:
        shape: Channels, height and width of the images.
        classes: Number of classes.
        spec: Names the backbone, and has its options.

    Raises:
        SettingsError: There is no such backbone.
    """
    options = {name: getattr(spec, name) for name in options_of(spec.backbone)}
    return BACKBONES[spec.backbone](shape, classes, **options)


def build_network(shape: tuple[int, int, int], classes: int, spec: ClassifierSpec, seed: int, run: int) -> Backbone:
    """Build the network of one run; the same seed and run give the same initial weights in every arm.

    Raises:
        SettingsError: Weights that others trained are not to be had.
        ContainerError: Their file is broken.
    """
    with seeded_init(seed, "classifier", "initialisation", run):
        network = build_backbone(shape, classes, spec)
    network.begin()
    return network
