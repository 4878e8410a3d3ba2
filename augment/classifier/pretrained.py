"""Backbones whose trunk others trained: frozen below a head, or trained on, its lower layers more slowly."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from augment.classifier.classifier_spec import PretrainedSpec
from augment.classifier.memory import MEMORY, keys
from augment.classifier.networks import Backbone
from augment.classifier.trunks import build_trunk, data_config, layer_groups, trunk_weights

GREY, COLOURS = 1, 3


class Inputs(nn.Module):
    """From images as every network here takes them to what a trunk was trained on.

    Args:
        side: Pixels of the square that images are brought to, whatever their own sides.
        mean: Of each colour, of values in [0, 1].
        std: By what the difference to it is divided.
        interpolation: ``bicubic`` or ``bilinear``.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, side: int, mean: Iterable[float], std: Iterable[float], interpolation: str) -> None:
        super().__init__()
        self.side, self.interpolation = side, interpolation
        self.register_buffer("mean", torch.tensor([*mean]).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor([*std]).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Map float images, N×1×H×W or N×3×H×W in [-1, 1], to N×3×S×S as the trunk wants them."""
        colours = images.expand(-1, COLOURS, -1, -1) if images.shape[1] == GREY else images
        if colours.shape[2:] != (self.side, self.side):
            smaller, square = max(colours.shape[2:]) > self.side, (self.side, self.side)
            colours = F.interpolate(colours, square, mode=self.interpolation, align_corners=False, antialias=smaller)
        normal = (colours * 0.5 + 0.5 - self.mean) / self.std
        return normal.contiguous(memory_format=torch.channels_last)


class Trunk(nn.Module):
    """A network of timm's without its head, as a stage: its pooled features are maps of a single pixel.

    Args:
        model: From N×3×S×S to N×F.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, maps: Tensor) -> Tensor:
        """Map N×3×S×S to N×F×1×1."""
        features: Tensor = self.model(maps)
        return features[:, :, None, None]


class Pretrained(Backbone):
    """What both kinds have in common: images made fit, the trunk, a head.

    Args:
        spec: Which trunk.
        classes: Number of classes.
    """

    at_once = 64  # their maps are large

    def __init__(self, spec: PretrainedSpec, classes: int) -> None:
        model: Any = build_trunk(spec)
        config = data_config(model)
        inputs = Inputs(spec.side or config["input_size"][-1], config["mean"], config["std"], config["interpolation"])
        super().__init__([inputs, Trunk(model)], model.head_hidden_size, classes)
        self.spec = spec

    @property
    def trunk(self) -> nn.Module:
        """The network of timm's."""
        stage = self.stages[1]
        assert isinstance(stage, Trunk)  # noqa: S101  # as it was built
        return stage.model

    def begin(self) -> None:
        """Take the trunk's weights from a file or from timm's hub.

        Raises:
            SettingsError: They are not to be had.
            ContainerError: The file is broken.
        """
        self.trunk.load_state_dict(trunk_weights(self.spec))


class Finetuned(Pretrained):
    """A trunk that is trained on, the more slowly the lower the layer."""

    def rates(self, rate: float, weight_decay: float) -> list[dict[str, Any]]:
        """Give the trunk's layers rates of their own; see `PretrainedSpec`."""
        spec = self.spec
        own: dict[str, Any] = {"params": list(self.head.parameters()), "lr": rate, "weight_decay": weight_decay}
        return [*layer_groups(self.trunk, spec.trunk_rate * rate, spec.layer_decay, weight_decay), own]


class Frozen(Pretrained):
    """A trunk that stays as it is, and whose features of an image are computed once; see `recall`."""

    @property
    def common(self) -> nn.Module:
        """The trunk, and what makes images fit for it."""
        return self.stages

    @property
    def own(self) -> nn.Module:
        """The head."""
        return self.head

    @torch.no_grad()
    def recall(self, images: Tensor) -> Tensor:
        """Give the features of images, float32 N×F, computing those alone that this process has not met before."""
        names = keys(self._digest, images)
        rows = {name: row for row, name in enumerate(names) if MEMORY.find(name) is None}
        new = dict(zip(rows, self._computed(images[list(rows.values())]), strict=True))
        found = [new.get(name, MEMORY.find(name)) for name in names]
        for name, features in new.items():
            MEMORY.keep(name, features)
        return torch.stack([features for features in found if features is not None]).to(images.device)

    def _computed(self, images: Tensor) -> Iterator[Tensor]:
        """Compute the features of each image, shape (F,), on the CPU, in a memory of its own."""
        for some in images.split(self.at_once) if len(images) else ():
            yield from (features.clone() for features in self.features(some).cpu())

    @cached_property
    def _digest(self) -> bytes:
        digest = hashlib.sha256(f"{self.spec.model} {self.spec.side}".encode())
        for tensor in self.stages.state_dict().values():
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.digest()
