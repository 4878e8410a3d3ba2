"""Every method that params.yaml can name learns a tiny problem: which row is bright in which class."""

from typing import Any

import pytest

from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.gan.losses import Loss
from augment.synthesis.networks.architectures import NetworkSpec
from augment.synthesis.training.record import EvaluationPoint
from tests.synthesis.trainings import monitor, obedience, spec_of, train

SMALL = {"kind": "gan", "steps": 200, "batch_size": 16, "network": {"width": 8, "latent_dim": 8}}
VAE = {"kind": "vae", "learning_rate": 5e-3, "steps": 500}
LONGER = {"steps": 400}
"""For what now and then, by seed and processor, still confuses two classes after the 200 steps of the others."""


def network(**settings: Any) -> dict[str, Any]:
    return {"network": {"width": 8, "latent_dim": 8} | settings}


NO_NORM = {"discriminator": {"spectral_norm": False}}

METHODS: dict[str, dict[str, Any]] = {
    "defaults": {},
    **{name: network(architecture=name) | LONGER for name in NetworkSpec.registered()},
    "resnet with attention": network(architecture="resnet", attention=True) | LONGER,
    "resnet with skip-z": network(architecture="resnet", skip_latent=True) | LONGER,
    "projection": {"conditioning": {"discriminator": "projection"}},
    "auxiliary": {"conditioning": {"discriminator": "auxiliary", "auxiliary_weight": 1.0}},
    "concat in D": {"conditioning": {"discriminator": "concat"}},
    "concat in G": {"conditioning": {"generator": "concat"}},
    "transition": {"conditioning": {"transition": {"begin": 0.1, "end": 0.5}}},
    **{name: {"loss": {"kind": name}} for name in Loss.registered() if name != "wasserstein"},  # which needs a bound
    "label smoothing": {"loss": {"kind": "non_saturating", "label_smoothing": 0.1}},
    "WGAN": {
        **NO_NORM,
        "loss": {"kind": "wasserstein", "weight_clip": 0.05},
        "optimiser": {"kind": "rmsprop", "learning_rate": 2e-3, "discriminator_steps": 2},
    },
    "WGAN-GP": {**NO_NORM, "loss": {"kind": "wasserstein"}, "regularisers": {"gradient_penalty": {"weight": 10.0}}},
    "R1": {**NO_NORM, "loss": {"kind": "non_saturating"}, "regularisers": {"r1": {"weight": 0.1, "every": 4}}},
    "LeCam": {"regularisers": {"lecam": {"weight": 0.01}}},
    "top-k": {"loss": {"top_k": 0.5}},
    "gradient clipping": {"optimiser": {"gradient_clip": 1.0}},
    "dropout": {"discriminator": {"dropout": 0.1}},
    "two time scales, two D steps": {"optimiser": {"discriminator_learning_rate": 2e-3, "discriminator_steps": 2}},
    "DiffAugment": {"augmentation": {"kinds": ["cutout", "colour"], "probability": 0.5}},
    "ADA": {"augmentation": {"kinds": ["translation", "colour"], "adaptive": True, "images": 2000}},
    "normal": network(initialisation="normal"),
    "xavier": network(initialisation="xavier"),
    "he": network(initialisation="he"),
}


class Learnt(Exception):  # noqa: N818  # no error
    """Training may end here: what it should learn is learnt."""


def learns(images: ImageSet, machine: Machine, settings: dict[str, Any]) -> bool:
    """Train until nearly all samples show the class they were made for, or to the end; tell whether it came to that.

    Most need a third of their steps, some on some processors all of them.
    """

    def evaluate(synthesizer: Synthesizer) -> EvaluationPoint:
        if obedience(synthesizer, machine) > 0.9:
            raise Learnt
        return monitor(machine)(synthesizer)

    try:
        train(images, machine, spec_of(settings | {"monitor": {"points": 20}}), evaluate=evaluate)
    except Learnt:
        return True
    return False


@pytest.mark.parametrize("method", METHODS)
def test_every_gan_learns_which_row_belongs_to_which_class(method: str, stripes: ImageSet, cpu: Machine) -> None:
    assert learns(stripes, cpu, SMALL | METHODS[method])


def test_without_conditioning_the_label_means_nothing(stripes: ImageSet, cpu: Machine) -> None:
    assert not learns(stripes, cpu, SMALL | {"steps": 100, "conditioning": {"discriminator": "none"}})


@pytest.mark.parametrize("architecture", NetworkSpec.registered())
def test_the_vae_learns_it_with_every_decoder(architecture: str, stripes: ImageSet, cpu: Machine) -> None:
    assert learns(stripes, cpu, SMALL | VAE | network(architecture=architecture))


def test_the_vae_comes_to_give_back_what_it_is_shown(stripes: ImageSet, cpu: Machine) -> None:
    trained, _ = train(stripes, cpu, spec_of(SMALL | VAE | {"steps": 60, "monitor": {"points": 3}}))
    losses = trained.history.query("figure == 'reconstruction'")["value"]
    assert losses.iloc[-1] < losses.iloc[0]
