"""A conditional variational autoencoder: the other family of trained synthesizers.

Kingma & Welling, 2014, arXiv 1312.6114; conditional: Sohn et al., 2015. The pixels' noise is not guessed but set to its
optimum for each batch (σ-VAE, Rybkin et al., 2021, arXiv 2006.13202), so that no weight between the two terms needs
tuning.
"""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from augment.core.images import ImageSet
from augment.runtime.averaging import update_average
from augment.runtime.batches import balanced_rows, to_float
from augment.runtime.machine import Machine
from augment.runtime.seeding import seeded_init, torch_generator
from augment.synthesis.training.checkpoint import Stateful
from augment.synthesis.training.loop import Training
from augment.synthesis.training.schedules import linear_decay
from augment.synthesis.vae.networks import Encoder, build_decoder
from augment.synthesis.vae.vae_spec import VaeSpec


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence in nats from the standard normal, shape (N,), of N×D means and log variances."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(1)


def reconstruction_loss(drawn: Tensor, images: Tensor) -> Tensor:
    """Negative log likelihood in nats an image, up to a constant, at the batch's own optimal pixel noise."""
    error = F.mse_loss(drawn, images)
    return 0.5 * math.prod(images.shape[1:]) * error.clamp_min(1e-8).log()


class VaeTraining(Training):
    """A conditional VAE in training.

    Args:
        train: Real images to learn from.
        spec: How to build and train.
        seed: The project's seed (``seed`` in ``params.yaml``).
        machine: Where to compute.
    """

    FIGURES = ("reconstruction", "divergence")

    def __init__(self, train: ImageSet, spec: VaeSpec, seed: int, machine: Machine) -> None:
        self.spec, self.machine = spec, machine
        classes = len(train.classes)
        with seeded_init(seed, "vae", "initialisation"):
            self.decoder = build_decoder(spec, train.shape, classes).to(machine.device)
            encoder = Encoder(train.shape, classes, spec.network.width, spec.network.latent_dim)
        self.encoder = encoder.to(machine.device)
        self.average = copy.deepcopy(self.decoder).requires_grad_(False)
        weights = [*self.decoder.parameters(), *self.encoder.parameters()]
        self.optimiser = torch.optim.Adam(weights, lr=spec.learning_rate)
        self.images = torch.from_numpy(train.images.copy()).to(machine.device)
        self.labels = torch.from_numpy(train.labels)
        self.order, self.draws = torch_generator(seed, "vae", "batches"), torch_generator(seed, "vae", "noise")
        self.rows = balanced_rows(self.labels, spec.batch_size, self.order)

    @property
    def stateful(self) -> dict[str, Stateful]:
        """Networks, optimiser, random generators."""
        return {name: getattr(self, name) for name in ("decoder", "encoder", "average", "optimiser", "order", "draws")}

    def step(self, number: int, factor: float) -> Tensor:
        """Update encoder and decoder, then the decoder's average; see `Training.step`."""
        rate = self.spec.learning_rate * factor * linear_decay(number / self.spec.steps, share=0.5, floor=0.02)
        self.optimiser.param_groups[0]["lr"] = rate
        rows, noise = next(self.rows), torch.randn(self.spec.batch_size, self.decoder.latent_dim, generator=self.draws)
        rows, noise = self.machine.part(rows), self.machine.part(noise).to(self.machine.device)
        images, labels = to_float(self.images[rows.to(self.machine.device)]), self.labels[rows].to(self.machine.device)
        with self.machine.autocast():
            mean, log_variance = self.encoder(images, labels)
            drawn = self.decoder(mean + noise * (0.5 * log_variance).exp(), labels)
        of_pixels, of_codes = reconstruction_loss(drawn, images), divergence(mean, log_variance).mean()
        self.optimiser.zero_grad(set_to_none=True)
        (of_pixels + self.spec.beta * of_codes).backward()
        for network in (self.decoder, self.encoder):
            self.machine.average_gradients(network)
        self.optimiser.step()
        update_average(self.average.parameters(), self.decoder.parameters(), number, self.spec.ema)
        return torch.stack([of_pixels, of_codes]).detach()
