import torch
from torch import nn

from augment.runtime.seeding import seeded_init, torch_generator


def test_a_named_generator_repeats_itself() -> None:
    first, again, other = (torch.rand(4, generator=torch_generator(0, name)).tolist() for name in ("a", "a", "b"))
    assert first == again != other


def test_layers_initialise_alike_and_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    layers = []
    for _ in range(2):
        with seeded_init(0, "net"):
            layers.append(nn.Linear(3, 3))
    assert torch.equal(layers[0].weight, layers[1].weight)
    assert torch.equal(torch.get_rng_state(), before)
