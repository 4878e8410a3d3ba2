"""What one training step does, worked out without the code under test: draws repeated, optimisers from their papers."""

import torch
from torch import Tensor, nn


def twin(rng: torch.Generator) -> torch.Generator:
    """Make a generator that will draw what this one will."""
    return torch.Generator().set_state(rng.get_state())


def gradients_of(network: nn.Module) -> list[Tensor]:
    """Copy the gradients that the last update was made of, in the order of the parameters that have one."""
    return [weight.grad.clone() for weight in network.parameters() if weight.grad is not None]


class AdamByHand:
    """Kingma & Ba, 2015, algorithm 1, on copies of a network's weights."""

    def __init__(self, network: nn.Module, betas: tuple[float, float]) -> None:
        (self.first, self.second), self.time = betas, 0
        self.weights = [weight.detach().clone() for weight in network.parameters()]
        self.means = [torch.zeros_like(weight) for weight in self.weights]
        self.squares = [torch.zeros_like(weight) for weight in self.weights]

    def step(self, gradients: list[Tensor], rate: float) -> None:
        """Update the copies."""
        self.time += 1
        for weight, mean, square, gradient in zip(self.weights, self.means, self.squares, gradients, strict=True):
            mean.mul_(self.first).add_((1 - self.first) * gradient)
            square.mul_(self.second).add_((1 - self.second) * gradient**2)
            unbiased, spread = mean / (1 - self.first**self.time), square / (1 - self.second**self.time)
            weight.sub_(rate * unbiased / (spread.sqrt() + 1e-8))


class RmsPropByHand:
    """Hinton's lecture 6e of 2012, on copies of a network's weights; torch keeps 0.99 of the mean square."""

    def __init__(self, network: nn.Module) -> None:
        self.weights = [weight.detach().clone() for weight in network.parameters()]
        self.squares = [torch.zeros_like(weight) for weight in self.weights]

    def step(self, gradients: list[Tensor], rate: float) -> None:
        """Update the copies."""
        for weight, square, gradient in zip(self.weights, self.squares, gradients, strict=True):
            square.mul_(0.99).add_(0.01 * gradient**2)
            weight.sub_(rate * gradient / (square.sqrt() + 1e-8))
