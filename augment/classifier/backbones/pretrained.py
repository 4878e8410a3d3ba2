"""A network with weights that others trained, through timm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import BACKBONES

if TYPE_CHECKING:
    from augment.classifier.classifier_spec import PretrainedSpec
    from augment.classifier.networks import Backbone


@BACKBONES.register
def pretrained(shape: tuple[int, int, int], classes: int, *, pretrained: PretrainedSpec) -> Backbone:  # noqa: ARG001  # all are called alike
    """One of timm's networks, with weights that others trained: see [pretrained.md](pretrained.md).

    Args:
        shape: Channels, height and width of the images; of any size, they are brought to the network's own.
        classes: Number of classes.
        pretrained: Which network, whose weights, and what is trained of it.
    """
    from augment.classifier.pretrained import Finetuned, Frozen

    kind = Frozen if pretrained.mode == "frozen" else Finetuned
    return kind(pretrained, classes)
