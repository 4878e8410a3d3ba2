"""AdamW (Loshchilov & Hutter, ICLR 2019) by torch's functional form.

The numbers are those of `torch.optim.AdamW`, fused. That class imports torch's compiler when it is built, which takes
longer than a small training's other imports together, and nothing here is compiled.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.optim.adamw import adamw


class Optimiser(Protocol):
    """What a training step asks of an optimiser."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""

    def step(self) -> Any:
        """Change the weights by their gradients."""


class AdamW:
    """Fused AdamW of groups of weights, each with a rate and a decay of its own.

    Args:
        groups: Each with ``params`` (a list of weights), ``lr`` and ``weight_decay``.
    """

    def __init__(self, groups: Iterable[Mapping[str, Any]]) -> None:
        self._groups = list(groups)
        self._states: dict[Tensor, tuple[Tensor, Tensor, Tensor]] = {}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with 0."""
        for weight in (weight for group in self._groups for weight in group["params"]):
            if set_to_none:
                weight.grad = None
            elif weight.grad is not None:
                weight.grad.zero_()

    @torch.no_grad()
    def step(self) -> None:
        """Change every weight that has a gradient."""
        for group in self._groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            means, squares, steps = (list(kind) for kind in zip(*map(self._state, weights), strict=True))
            adamw(
                weights,
                [weight.grad for weight in weights],
                means,
                squares,
                [],
                steps,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=group["lr"],
                weight_decay=group["weight_decay"],
                eps=1e-8,
                maximize=False,
            )

    def _state(self, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if weight not in self._states:
            steps = torch.zeros((), dtype=torch.float32, device=weight.device)
            self._states[weight] = torch.zeros_like(weight), torch.zeros_like(weight), steps
        return self._states[weight]
