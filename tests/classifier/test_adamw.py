"""AdamW by torch's functional form: the numbers of torch's class, without its compiler."""

import subprocess
import sys

import torch

from augment.classifier.adamw import AdamW

WITHOUT = """
import sys, torch
from augment.classifier.adamw import AdamW
weight = torch.ones(3, requires_grad=True)
optimiser = AdamW([{"params": [weight], "lr": 0.1, "weight_decay": 0.0}])
weight.sum().backward()
optimiser.step()
optimiser.zero_grad()
assert weight.grad is None and weight.max() < 1
sys.exit("torch._dynamo" in sys.modules)
"""


def test_its_weights_are_those_of_torch_bit_by_bit() -> None:
    def trained(own: bool) -> list[torch.Tensor]:
        rng = torch.Generator().manual_seed(3)
        weights = [torch.randn(size, generator=rng).requires_grad_() for size in (33, 7, 5)]
        groups = [
            {"params": weights[:1], "lr": 1e-2, "weight_decay": 0.1},
            {"params": weights[1:], "lr": 1e-3, "weight_decay": 0.0},
        ]
        optimiser = AdamW(groups) if own else torch.optim.AdamW(groups, fused=True)
        for step in range(9):
            optimiser.zero_grad()
            for weight in weights[: 2 + step % 2]:  # the last has a gradient every other step
                weight.grad = torch.randn(weight.shape, generator=rng)
            optimiser.step()
        return [weight.detach() for weight in weights]

    assert all(torch.equal(one, other) for one, other in zip(trained(True), trained(False), strict=True))


def test_a_step_does_not_load_the_compiler() -> None:
    assert subprocess.run([sys.executable, "-c", WITHOUT], check=False).returncode == 0
