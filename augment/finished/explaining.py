"""Which pixels an ensemble's answer rests on."""

import numpy as np
import torch
from torch import Tensor

from augment.core.errors import SettingsError
from augment.core.images import FloatArray, IntArray, UInt8Array
from augment.finished.classifier import Ensemble
from augment.finished.machines import computing
from augment.runtime.batches import to_float

STEPS = 32
"""Points on the way from grey to the image."""
BRIGHTEST = 99.0
"""Percentile that is shown as full colour."""


def saliency(ensemble: Ensemble, images: UInt8Array, labels: IntArray) -> FloatArray:
    """Attribute the probability of a class to pixels: integrated gradients from a grey image, by captum.

    Sundararajan et al., "Axiomatic attribution for deep networks", ICML 2017 (arXiv 1703.01365).

    Args:
        ensemble: Whose answer.
        images: uint8, N×C×H×W.
        labels: The class of each image that is asked about, int64, shape (N,).

    Returns:
        float, N×H×W: above 0 where a pixel speaks for the class, below where against it; summed over channels.

    Raises:
        SettingsError: The extra ``explain`` is not installed.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise SettingsError("--explain needs captum, of the extra explain: pip install '.[explain]'") from error
    found = []
    with computing(ensemble.runtime) as where:
        networks = [network.to(where.device) for network in ensemble.networks]

        def mean(batch: Tensor) -> Tensor:
            return torch.stack([network(batch).softmax(1) for network in networks]).mean(0)

        attribute = IntegratedGradients(mean).attribute
        for image, label in zip(images, labels.tolist(), strict=True):
            batch = to_float(torch.from_numpy(np.array(image[None])).to(where.device))
            parts = attribute(batch, torch.zeros_like(batch), target=label, n_steps=STEPS)
            found.append(parts.sum(1)[0].detach().cpu().numpy())
    return np.stack(found).astype(np.float64)


def overlaid(image: UInt8Array, attribution: FloatArray, scale: int) -> UInt8Array:
    """Set an image, in grey, beside itself with what speaks for its class in red, and against it in blue.

    Args:
        image: uint8, C×H×W.
        attribution: float, H×W.
        scale: Every pixel becomes a square of this side.

    Returns:
        uint8, H'×W'×3.
    """
    grey = image.mean(axis=0)[:, :, None].repeat(3, axis=2)
    strength = np.abs(attribution) / (np.percentile(np.abs(attribution), BRIGHTEST) or 1.0)
    colour = np.where((attribution > 0)[:, :, None], [255.0, 0.0, 0.0], [0.0, 0.0, 255.0])
    share = strength.clip(0.0, 1.0)[:, :, None]
    both = np.concatenate([grey, (1.0 - share) * (0.5 * grey + 64.0) + share * colour], axis=1)
    pixels: UInt8Array = both.round().clip(0, 255).astype(np.uint8).repeat(scale, axis=0).repeat(scale, axis=1)
    return pixels
