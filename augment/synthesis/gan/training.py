"""One step of the GAN's training, whatever its architecture, conditioning, loss and regularisation."""

import copy
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from augment.core.images import ImageSet
from augment.runtime.averaging import update_average
from augment.runtime.batches import balanced_rows, to_float
from augment.runtime.machine import Machine
from augment.runtime.seeding import seeded_init, torch_generator
from augment.synthesis.gan.augmentation import Augmentation
from augment.synthesis.gan.gan_spec import GanSpec, OptimiserSpec, TransitionSpec
from augment.synthesis.gan.losses import most_real
from augment.synthesis.gan.networks import build_discriminator, build_generator
from augment.synthesis.gan.regularisers import Judgement, Regulariser
from augment.synthesis.networks.layers import set_strength
from augment.synthesis.training.checkpoint import Stateful
from augment.synthesis.training.loop import Training
from augment.synthesis.training.schedules import linear_decay


class GanTraining(Training):
    """A GAN in training.

    Both networks see every class equally often, however lopsided the data are.

    Args:
        train: Real images to learn from.
        spec: How to build and train.
        seed: The project's seed (``seed`` in ``params.yaml``).
        machine: Where to compute.
    """

    FIGURES = ("loss_d", "loss_g", "score_real", "score_fake")

    def __init__(self, train: ImageSet, spec: GanSpec, seed: int, machine: Machine) -> None:
        self.spec, self.machine = spec, machine
        classes = len(train.classes)
        with seeded_init(seed, "gan", "initialisation"):
            self.generator = build_generator(spec, train.shape, classes)
            self.discriminator = build_discriminator(spec, train.shape, classes)
        for network in (self.generator, self.discriminator):
            network.to(machine.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack memory_format for modules
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        rate_g = spec.optimiser.learning_rate
        self.rates = (rate_g, spec.optimiser.discriminator_learning_rate or rate_g)
        self.optimiser_g = build_optimiser(self.generator, spec.optimiser)
        self.optimiser_d = build_optimiser(self.discriminator, spec.optimiser)
        self.augmentation = Augmentation(spec.augmentation).to(machine.device)
        self.memories = Memories(spec.regularisers).to(machine.device)
        self.images = torch.from_numpy(train.images.copy()).to(machine.device)
        self.labels = torch.from_numpy(train.labels)
        self.order = torch_generator(seed, "gan", "batches")
        self.draws = torch_generator(seed, "gan", "noise")
        self.discriminator.dropout.rng = self.draws
        self.rows = balanced_rows(self.labels, spec.batch_size, self.order)

    @property
    def stateful(self) -> dict[str, Stateful]:
        """Networks, optimisers, adaptive state, random generators."""
        networks, rest = ("generator", "discriminator", "average"), ("augmentation", "memories", "order", "draws")
        names = (*networks, "optimiser_g", "optimiser_d", *rest)
        return {name: getattr(self, name) for name in names}

    def step(self, number: int, factor: float) -> Tensor:
        """Update the discriminator, then the generator, then its average; see `Training.step`."""
        progress = number / self.spec.steps
        factor *= linear_decay(progress, self.spec.optimiser.decay, self.spec.optimiser.decay_to)
        for optimiser, rate in zip((self.optimiser_g, self.optimiser_d), self.rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate * factor
        strength = label_strength(progress, self.spec.conditioning.transition)
        if self.spec.conditioning.transition:
            # Not of the average: what is evaluated, and kept, draws with all that is known of labels.
            for network in (self.generator, self.discriminator):
                set_strength(network, strength)
        last = self.spec.optimiser.discriminator_steps - 1
        for turn in range(last + 1):
            # Only the last turn's images serve the generator, too: a second forward pass buys nothing.
            with torch.set_grad_enabled(turn == last), self.machine.autocast():
                fakes, fake_labels = self._draw_fakes()
            judged = self._step_discriminator(fakes.detach(), fake_labels, number, strength)
        loss_g = self._step_generator(fakes, fake_labels, progress, strength)
        update_average(self.average.parameters(), self.generator.parameters(), number, self.spec.ema)
        return torch.stack([judged[0], loss_g, *judged[1:]])

    def _draw_fakes(self) -> tuple[Tensor, Tensor]:
        """Generate a batch for standard normal noise and uniform labels."""
        noise = torch.randn(self.spec.batch_size, self.generator.latent_dim, generator=self.draws)
        labels = torch.randint(self.generator.classes, (self.spec.batch_size,), generator=self.draws)
        noise, labels = (self.machine.part(each).to(self.machine.device) for each in (noise, labels))
        return self.generator(noise, labels), labels

    def _step_discriminator(self, fakes: Tensor, fake_labels: Tensor, number: int, strength: float) -> list[Tensor]:
        rows = self.machine.part(next(self.rows))
        images, labels = to_float(self.images[rows.to(self.machine.device)]), self.labels[rows].to(self.machine.device)
        # One pass over both halves: spectral normalisation then iterates once.
        both, both_labels = torch.cat([images, fakes]), torch.cat([labels, fake_labels])
        scores, logits = self._judge(self.augmentation(both, self.draws), both_labels)
        real, fake = scores.split([len(images), len(fakes)])
        loss = self.spec.loss.discriminator(real, fake)
        total = loss + self._penalties(images, labels, fakes, real, fake, number)
        if logits is not None:
            of_real = F.cross_entropy(logits[: len(labels)], labels)
            total = total + strength * self.spec.conditioning.auxiliary_weight * of_real
        update(self.discriminator, self.optimiser_d, total, self.spec.optimiser, self.machine)
        self.spec.loss.constrain(self.discriminator)
        self.augmentation.adapt(self.machine.mean(real.detach().sign().mean()), self.spec.batch_size)
        return [value.detach() for value in (loss, real.mean(), fake.mean())]

    def _step_generator(self, fakes: Tensor, labels: Tensor, progress: float, strength: float) -> Tensor:
        self.discriminator.requires_grad_(False)
        scores, logits = self._judge(self.augmentation(fakes, self.draws), labels)
        # From all images at the beginning to the share of the most real ones at the end.
        loss = total = self.spec.loss.generator(most_real(scores, 1.0 - progress * (1.0 - self.spec.loss.top_k)))
        if logits is not None:
            total = loss + strength * self.spec.conditioning.auxiliary_weight * F.cross_entropy(logits, labels)
        update(self.generator, self.optimiser_g, total, self.spec.optimiser, self.machine)
        self.discriminator.requires_grad_(True)
        return loss.detach()

    def _judge(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
        with self.machine.autocast():
            scores: tuple[Tensor, Tensor | None] = self.discriminator(images, labels)
        return scores

    def _penalties(
        self, images: Tensor, labels: Tensor, fakes: Tensor, real: Tensor, fake: Tensor, number: int
    ) -> Tensor:
        """Sum the regularisers that the spec asks for, each times its weight."""
        total = torch.zeros((), device=images.device)
        if not self.spec.regularisers:
            return total
        means = self.machine.mean(torch.stack([real.mean(), fake.mean()]).detach())

        def critic(x: Tensor) -> Tensor:
            scores: Tensor = self.discriminator(x, labels)[0]
            return scores

        for kind, regulariser in self.spec.regularisers.items():
            if regulariser.due(number):
                memory = self.memories.get_buffer(kind)
                seen = Judgement(critic, images, fakes, real, fake, means, self.draws, memory)
                total = total + regulariser.scale * regulariser.penalty(seen)
        return total


class Memories(nn.Module):
    """The running numbers of regularisers, as buffers of their names."""

    def __init__(self, regularisers: Mapping[str, Regulariser]) -> None:
        super().__init__()
        for kind, regulariser in regularisers.items():
            self.register_buffer(kind, torch.zeros(regulariser.MEMORY))


def label_strength(progress: float, transition: TransitionSpec | None) -> float:
    """How much labels count, 0 to 1, when a share ``progress`` of the training is done."""
    if transition is None or progress >= transition.end:
        return 1.0
    if progress <= transition.begin:
        return 0.0
    return (progress - transition.begin) / (transition.end - transition.begin)


def build_optimiser(network: nn.Module, spec: OptimiserSpec) -> torch.optim.Optimizer:
    """Make Adam (Kingma & Ba, 2015, arXiv 1412.6980) or RMSprop."""
    match spec.kind:
        case "adam":
            first, second = spec.betas
            return torch.optim.Adam(network.parameters(), lr=spec.learning_rate, betas=(first, second), fused=True)
        case "rmsprop":
            return torch.optim.RMSprop(network.parameters(), lr=spec.learning_rate)


def update(
    network: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, spec: OptimiserSpec, machine: Machine
) -> None:
    """Make a network's loss smaller by a step, with the gradients of all processes, clipped as the spec says."""
    network.zero_grad()
    loss.backward()
    machine.average_gradients(network)
    if spec.gradient_clip:
        nn.utils.clip_grad_norm_(network.parameters(), spec.gradient_clip)
    optimiser.step()
