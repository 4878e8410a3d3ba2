"""The network that translates: convolutions at half the resolution, told the target group by their normalisation."""

import torch.nn.functional as F
from torch import Tensor, nn

from augment.synthesis.base.translator import Translator
from augment.synthesis.gan.translator_spec import TranslatorSpec
from augment.synthesis.networks.layers import (
    centre_crop,
    depth_to_space,
    initialise,
    pad_to_multiple,
    space_to_depth,
)
from augment.synthesis.networks.pair import Shape


class ConditionalInstanceNorm2d(nn.Module):
    """Instance normalisation whose gain and bias depend on the group (Dumoulin et al., 2017, arXiv 1610.07629).

    What an image has of its own group's look goes with its means and spreads; the target's take their place.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.gain, self.bias = nn.Embedding(groups, channels), nn.Embedding(groups, channels)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, groups: Tensor) -> Tensor:
        """Normalise N×C×H×W features for N groups."""
        variance, mean = moments(x)
        gain, bias = (each(groups).to(x.dtype)[:, :, None, None] for each in (self.gain, self.bias))
        return (x - mean) * (variance + 1e-5).rsqrt() * gain + bias


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Variance and mean of each channel of each image, N×C×1×1."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    return (x - mean).square().mean(dim=(2, 3), keepdim=True), mean


class Block(nn.Module):
    """Two convolutions around which the features go unchanged."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.norms = nn.ModuleList(ConditionalInstanceNorm2d(width, groups) for _ in range(2))

    def forward(self, x: Tensor, groups: Tensor) -> Tensor:
        """Map N×width×H×W features to as many."""
        changed = x
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            changed = convolution(F.relu(norm(changed, groups)))
        return x + changed


class ConvolutionalTranslator(Translator):
    """Adds a change to an image; untrained, none."""

    def __init__(self, spec: TranslatorSpec, shape: Shape, classes: int, *, rows: int, groups: int) -> None:
        super().__init__(shape, classes, rows, groups)
        self.first = nn.Conv2d(4 * shape[0], spec.width, 3, padding=1)
        self.blocks = nn.ModuleList(Block(spec.width, groups) for _ in range(spec.blocks))
        self.norm = ConditionalInstanceNorm2d(spec.width, groups)
        self.last = nn.Conv2d(spec.width, 4 * shape[0], 3, padding=1)
        initialise(self, "he")
        nn.init.zeros_(self.last.weight)

    def translate(self, images: Tensor, origins: Tensor, targets: Tensor, noise: Tensor) -> Tensor:  # noqa: ARG002  # all are called alike
        """See `Translator.translate`; where an image is from plays no part."""
        return self.changed(images, targets)

    def changed(self, images: Tensor, targets: Tensor) -> Tensor:
        """Give what the target groups would have made of images, float, N×C×H×W."""
        height, width = images.shape[2:]
        x = self.first(space_to_depth(pad_to_multiple(images, 2)))
        for block in self.blocks:
            x = block(x, targets)
        change = depth_to_space(self.last(F.relu(self.norm(x, targets))))
        return images + centre_crop(change.float(), height, width)


def build_translator(
    spec: TranslatorSpec, shape: Shape, classes: int, *, rows: int, groups: int
) -> ConvolutionalTranslator:
    """Build it, initialised from torch's global generator."""
    return ConvolutionalTranslator(spec, shape, classes, rows=rows, groups=groups)
