"""One step of the translator's training."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from augment.core.cells import cell_numbers
from augment.core.images import ImageSet
from augment.runtime.averaging import update_average
from augment.runtime.batches import balanced_rows, to_float
from augment.runtime.machine import Machine
from augment.runtime.seeding import seeded_init, torch_generator
from augment.synthesis.base.translator import require_groups
from augment.synthesis.gan.augmentation import Augmentation
from augment.synthesis.gan.training import build_optimiser, update
from augment.synthesis.gan.translator_network import build_translator
from augment.synthesis.gan.translator_spec import TranslatorSpec
from augment.synthesis.networks.build import build_discriminator
from augment.synthesis.training.checkpoint import Stateful
from augment.synthesis.training.loop import Training
from augment.synthesis.training.schedules import linear_decay


class TranslatorTraining(Training):
    """A translator in training.

    Every cell of class and group that has images is seen equally often, however lopsided the data are.

    Args:
        train: Real images with groups.
        spec: How to build and train.
        seed: The project's seed (``seed`` in ``params.yaml``).
        machine: Where to compute.

    Raises:
        LeftOutError: See `require_groups`.
    """

    FIGURES = ("loss_d", "loss_g", "cycle", "identity", "movement")

    def __init__(self, train: ImageSet, spec: TranslatorSpec, seed: int, machine: Machine) -> None:
        self.spec, self.machine = spec, machine
        groups = require_groups(train)
        with seeded_init(seed, "translator", "initialisation"):
            self.translator = build_translator(
                spec, train.shape, len(train.classes), rows=len(train), groups=len(groups)
            )
            self.discriminator = build_discriminator(
                train.shape, len(groups), spec.network, spec.discriminator, "projection"
            )
        self.translator.fill(train)
        for network in (self.translator, self.discriminator):
            network.to(machine.device)
        self.average = copy.deepcopy(self.translator).requires_grad_(False)
        self.optimiser_g = build_optimiser(self.translator, spec.optimiser)
        self.optimiser_d = build_optimiser(self.discriminator, spec.optimiser)
        rate = spec.optimiser.learning_rate
        self.rates = (rate, spec.optimiser.discriminator_learning_rate or rate)
        self.augmentation = Augmentation(spec.augmentation).to(machine.device)
        self.order, self.draws = torch_generator(seed, "translator", "batches"), torch_generator(seed, "translator")
        self.discriminator.dropout.rng = self.draws
        cells = torch.from_numpy(cell_numbers(train, groups))
        self.images, self.groups = torch.from_numpy(train.images.copy()).to(machine.device), cells % len(groups)
        self.rows = balanced_rows(cells, spec.batch_size, self.order)

    @property
    def stateful(self) -> dict[str, Stateful]:
        """Networks, optimisers, adaptive state, random generators."""
        networks, rest = ("translator", "discriminator", "average"), ("augmentation", "order", "draws")
        return {name: getattr(self, name) for name in (*networks, "optimiser_g", "optimiser_d", *rest)}

    def step(self, number: int, factor: float) -> Tensor:
        """Update the discriminator, then the translator, then its average; see `Training.step`."""
        factor *= linear_decay(number / self.spec.steps, self.spec.optimiser.decay, self.spec.optimiser.decay_to)
        for optimiser, rate in zip((self.optimiser_g, self.optimiser_d), self.rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate * factor
        last = self.spec.optimiser.discriminator_steps - 1
        for turn in range(last + 1):
            images, origins, targets = self._draw()
            with torch.set_grad_enabled(turn == last), self.machine.autocast():
                translated = self.translator.changed(images, targets)
            loss_d = self._step_discriminator(images, origins, translated.detach(), targets)
        of_translator = self._step_translator(images, origins, translated, targets)
        update_average(self.average.parameters(), self.translator.parameters(), number, self.spec.ema)
        return torch.stack([loss_d, *of_translator]).detach()

    def _draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Draw images, their groups, and for each another group, any as likely as the rest."""
        rows = next(self.rows)
        origins, count = self.groups[rows], self.translator.groups
        others = torch.randint(1, count, (len(rows),), generator=self.draws)
        parts = (self.machine.part(each) for each in (rows, origins, (origins + others) % count))
        rows, origins, targets = (each.to(self.machine.device) for each in parts)
        return to_float(self.images[rows]), origins, targets

    def _step_discriminator(self, images: Tensor, origins: Tensor, translated: Tensor, targets: Tensor) -> Tensor:
        # One pass over both halves: spectral normalisation then iterates once.
        both = self.augmentation(torch.cat([images, translated]), self.draws)
        real, fake = self._judge(both, torch.cat([origins, targets])).chunk(2)
        loss = self.spec.loss.discriminator(real, fake)
        update(self.discriminator, self.optimiser_d, loss, self.spec.optimiser, self.machine)
        self.spec.loss.constrain(self.discriminator)
        self.augmentation.adapt(self.machine.mean(real.detach().sign().mean()), self.spec.batch_size)
        return loss

    def _step_translator(
        self, images: Tensor, origins: Tensor, translated: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        self.discriminator.requires_grad_(False)
        loss = self.spec.loss.generator(self._judge(self.augmentation(translated, self.draws), targets))
        with self.machine.autocast():
            returned, kept = self.translator.changed(torch.cat([translated, images]), origins.repeat(2)).chunk(2)
        cycle, identity = F.l1_loss(returned, images), F.l1_loss(kept, images)
        movement = F.mse_loss(translated, images)
        of_images = self.spec.cycle * cycle + self.spec.identity * identity + self.spec.movement * movement
        update(self.translator, self.optimiser_g, loss + of_images, self.spec.optimiser, self.machine)
        self.discriminator.requires_grad_(True)
        return loss, cycle, identity, movement

    def _judge(self, images: Tensor, groups: Tensor) -> Tensor:
        with self.machine.autocast():
            scores: Tensor = self.discriminator(images, groups)[0]
        return scores
