import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from augment.core.errors import SettingsError
from augment.core.images import ImageSet
from augment.core.settings_block import parse
from augment.runtime.machine import Machine
from augment.synthesis.gan.gan_spec import ConditioningSpec, GanSpec, OptimiserSpec, TransitionSpec
from augment.synthesis.gan.training import GanTraining, label_strength
from augment.synthesis.networks.architectures import Compact
from augment.synthesis.networks.layers import ConditionalBatchNorm2d

PROJECT = Path(__file__).parents[3]
SPEC = GanSpec(kind="gan", steps=100, batch_size=16, network=Compact(width=4, latent_dim=4))


@pytest.mark.parametrize(("progress", "strength"), [(0.0, 0.0), (0.2, 0.0), (0.3, 0.5), (0.4, 1.0), (0.9, 1.0)])
def test_labels_fade_in(progress: float, strength: float) -> None:
    assert label_strength(progress, TransitionSpec(begin=0.2, end=0.4)) == pytest.approx(strength)
    assert label_strength(progress, None) == 1.0


def test_an_immediate_transition_is_a_step() -> None:
    assert label_strength(0.19, TransitionSpec(begin=0.2, end=0.2)) == 0.0
    assert label_strength(0.2, TransitionSpec(begin=0.2, end=0.2)) == 1.0


def test_the_average_knows_its_labels_while_they_fade_in(stripes: ImageSet, cpu: Machine) -> None:
    # It is what is evaluated and what is saved: drawn with labels faded, it would be another one than is read back.
    conditioning = ConditioningSpec(transition=TransitionSpec(begin=0.2, end=0.9))
    training = GanTraining(stripes, SPEC.model_copy(update={"conditioning": conditioning}), 0, cpu)
    training.step(50, 1.0)
    strengths = [
        {each.strength for each in network.modules() if isinstance(each, ConditionalBatchNorm2d)}
        for network in (training.generator, training.average)
    ]
    assert [max(each) for each in strengths] == pytest.approx([3 / 7, 1.0])
    assert [len(each) for each in strengths] == [1, 1]


def test_each_network_has_its_own_rate(stripes: ImageSet, cpu: Machine) -> None:
    optimiser = OptimiserSpec(learning_rate=1e-3, discriminator_learning_rate=4e-3)
    training = GanTraining(stripes, SPEC.model_copy(update={"optimiser": optimiser}), 0, cpu)
    training.step(75, factor=0.5)  # halfway down the decay, after one rollback
    assert training.optimiser_g.param_groups[0]["lr"] == pytest.approx(1e-3 * 0.5 * 0.5)
    assert training.optimiser_d.param_groups[0]["lr"] == pytest.approx(4e-3 * 0.5 * 0.5)


def test_gradients_are_clipped_by_norm(stripes: ImageSet, cpu: Machine) -> None:
    spec = SPEC.model_copy(update={"optimiser": OptimiserSpec(gradient_clip=1e-3)})
    training = GanTraining(stripes, spec, 0, cpu)
    training.step(0, 1.0)
    gradients = [weight.grad for weight in training.generator.parameters() if weight.grad is not None]
    assert torch.cat([each.flatten() for each in gradients]).norm().item() == pytest.approx(1e-3, rel=1e-2)


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    settings = {"kind": "gan", "steps": 1, "batch_size": 16, "devices": 3}
    with pytest.raises(SettingsError, match=r"batch_size: expected a multiple of devices \(3\), found 16"):
        parse(GanSpec, settings, "here")


@pytest.mark.end_to_end
def test_two_processes_hold_the_same_networks() -> None:
    command = [sys.executable, "-m", "tests.synthesis.gan.two_processes"]
    result = subprocess.run(
        command, cwd=PROJECT, env=os.environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "alike" in result.stdout
