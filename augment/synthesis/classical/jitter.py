"""Classical augmentation as a synthesizer: training images, moved a little."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from augment.core.images import ImageSet
from augment.runtime.batches import to_float
from augment.synthesis.base.draws import uniform
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.classical.bank import ImageBank
from augment.synthesis.classical.jitter_spec import JitterSpec

MOVES = 5
"""Rotation, scaling, horizontal shift, vertical shift, flip: one noise entry each."""


class Jitter(Synthesizer):
    """Rotate, scale, shift and perhaps mirror an image of the class; perhaps add pixel noise.

    One entry of the noise chooses the image, five move it, and one a pixel is added where the spec says so.

    Args:
        spec: How far images move.
        shape: Channels, height and width of an image.
        classes: Number of classes.
        rows: Number of training images.
    """

    def __init__(self, spec: JitterSpec, shape: tuple[int, int, int], classes: int, *, rows: int) -> None:
        super().__init__()
        self.spec, self.shape, self.classes = spec, shape, classes
        self.sizes = {"rows": rows}
        self.latent_dim = 1 + MOVES + (math.prod(shape) if spec.pixel_noise else 0)
        self.bank = ImageBank(shape, classes, rows)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Jitter.

        Args:
            noise: float32, N×latent_dim, standard normal.
            labels: int64, N class indices.

        Returns:
            float32, N×C×H×W in [-1, 1]; what comes in from outside repeats the border.
        """
        images = to_float(self.bank.images[self.bank.choose(noise[:, 0], labels)])
        _, height, width = self.shape
        moves = 2.0 * uniform(noise[:, 1 : 1 + MOVES]).float() - 1.0
        # In bfloat16, coordinates would be off by up to a quarter of a pixel at 64×64.
        with torch.autocast(noise.device.type, enabled=False):
            grid = F.affine_grid(affine_maps(moves, self.spec, height, width), list(images.shape), align_corners=False)
            images = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
        if self.spec.pixel_noise:
            images = images + self.spec.pixel_noise / 127.5 * noise[:, 1 + MOVES :].unflatten(1, self.shape)
        return images.clamp(-1.0, 1.0)


def affine_maps(moves: Tensor, spec: JitterSpec, height: int, width: int) -> Tensor:
    """Compute the maps from places in the new image to places in the old one, as `F.affine_grid` takes them.

    It counts in half sides, where a rotation in pixels is one only if the image is square: the ratio of the sides
    puts that right.

    Args:
        moves: float32, N×5 in [-1, 1]: shares of the spec's largest rotation, scaling, shifts; flip if negative.
        spec: The ranges.
        height: Image height in pixels.
        width: Image width in pixels.

    Returns:
        float32, N×2×3.
    """
    turn, growth, shift_x, shift_y, coin = moves.unbind(1)
    angle, shrink = turn * math.radians(spec.rotation), 1.0 / (1.0 + growth * spec.scaling)
    cosine, sine = shrink * angle.cos(), shrink * angle.sin()
    mirror = torch.where(coin < 0, -1.0, 1.0) if spec.flips else torch.ones_like(coin)
    first = torch.stack([mirror * cosine, -sine * height / width, 2 * spec.shift * shift_x], dim=1)
    second = torch.stack([mirror * sine * width / height, cosine, 2 * spec.shift * shift_y], dim=1)
    return torch.stack([first, second], dim=1)


def fit_jitter(train: ImageSet, spec: JitterSpec, seed: int) -> Jitter:  # noqa: ARG001  # all are called alike
    """Keep the training images, to be moved.

    Args:
        train: Real images.
        spec: How far images move.
        seed: Unused: nothing is drawn.

    Raises:
        DataError: A class has no images.
    """
    jitter = Jitter(spec, train.shape, len(train.classes), rows=len(train))
    jitter.bank.fill(train)
    return jitter
