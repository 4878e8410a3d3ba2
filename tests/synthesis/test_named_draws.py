"""Every random draw of a training comes from a generator named after its purpose."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.gan.training import GanTraining
from augment.synthesis.vae.training import VaeTraining
from augment.synthesis.vae.vae_spec import VaeSpec


@pytest.mark.parametrize("kind", ["gan", "vae"])
def test_weights_batches_and_noise_have_names_of_their_own(
    kind: str, stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[tuple[Any, ...]] = []

    def noting(make: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*name: Any) -> Any:
            names.append(name)
            return make(*name)

        return noted

    module = import_module(f"augment.synthesis.{kind}.training")
    for name in ("seeded_init", "torch_generator"):
        monkeypatch.setattr(module, name, noting(getattr(module, name)))
    if kind == "gan":
        training = GanTraining(stripes, GanSpec(kind="gan", steps=1, batch_size=4), 7, cpu)
        assert training.discriminator.dropout.rng is training.draws
    else:
        VaeTraining(stripes, VaeSpec(kind="vae", steps=1, batch_size=4), 7, cpu)
    assert names == [(7, kind, purpose) for purpose in ("initialisation", "batches", "noise")]
