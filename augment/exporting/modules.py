"""Classifiers and generators as networks that take and give whole numbers: what a file of one needs no notes to use."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from augment.classifier.networks import Backbone

SMALLEST = 1e-12


class ClassifierModule(nn.Module):
    """From images to calibrated class probabilities.

    Args:
        networks: Classifiers that are asked together.
        temperature: See `augment.finished.classifier.Ensemble`.
    """

    def __init__(self, networks: Sequence[Backbone], temperature: float) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.temperature = temperature
        stages = [network.stages for network in networks]
        self.firsts = [stages.index(each) for each in stages]

    def forward(self, images: Tensor) -> Tensor:
        """Map uint8 images, N×C×H×W, to float32 probabilities, N×K."""
        floats = images.float() / 127.5 - 1.0
        mean = torch.stack([logits.softmax(1) for logits in self._logits(floats)]).mean(0)
        return (mean.clamp(min=SMALLEST).log() / self.temperature).softmax(1)

    def _logits(self, images: Tensor) -> Iterator[Tensor]:
        """Ask each network, but stages that several have in common once."""
        features: list[Tensor] = []
        for number, (network, first) in enumerate(zip(self.networks, self.firsts, strict=True)):
            assert isinstance(network, Backbone)  # noqa: S101  # as it was built
            features.append(network.features(images) if first == number else features[first])
            yield network.head(features[number]).float()


class GeneratorModule(nn.Module):
    """From noise and labels to images.

    Args:
        network: A trained synthesizer.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map float32 standard normal noise, N×L, and int64 labels, shape (N,), to uint8 images, N×C×H×W."""
        images: Tensor = self.network(noise, labels)
        return ((images + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
