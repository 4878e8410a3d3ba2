import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from augment.core.errors import TrainingError
from augment.core.images import ImageSet, UInt8Array, make_image_set
from augment.runtime.checkpoint import Checkpoint
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.seeding import torch_generator
from augment.synthesis.networks import Generator
from augment.synthesis.sampling import sample
from augment.synthesis.specs import GanSpec
from augment.synthesis.training import History, train_gan
from tests.conftest import striped_images

SPEC = GanSpec(steps=150, batch_size=16, width=8, latent_dim=8, snapshots=2)


NO_CHECKPOINT = Checkpoint(None, {})


def train(
    stripes: ImageSet, cpu: Machine, spec: GanSpec = SPEC, seed: int = 0, checkpoint: Checkpoint = NO_CHECKPOINT
) -> tuple[Generator, pd.DataFrame, dict[int, UInt8Array]]:
    snapshots: dict[int, UInt8Array] = {}
    progress = Progress("test", spec.steps)
    labels = np.arange(3)
    generator, history = train_gan(
        stripes, spec, seed, cpu, progress, checkpoint, labels, lambda step, images: snapshots.update({step: images})
    )
    return generator, history, snapshots


def test_it_learns_which_row_belongs_to_which_class(stripes: ImageSet, cpu: Machine) -> None:
    generator, history, snapshots = train(stripes, cpu)
    assert list(snapshots) == [75, 150]
    assert history["step"].is_monotonic_increasing
    assert history["step"].iloc[-1] == 150
    labels = np.repeat(np.arange(3), 20)
    images = sample(generator, labels, torch_generator(0, "test"), cpu)
    brightest = images[:, 0].mean(axis=2).argmax(axis=1)
    assert (brightest == labels * 8 // 3).mean() > 0.9


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(stripes: ImageSet, cpu: Machine) -> None:
    spec = SPEC.model_copy(update={"steps": 5})
    first, again, other = (train(stripes, cpu, spec, seed)[0].state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["stem.weight"], other["stem.weight"])


def test_a_diverged_training_says_so(stripes: ImageSet, cpu: Machine) -> None:
    with pytest.raises(TrainingError, match=r"the GAN diverged before step \d+ .*Lower gan\.learning_rate"):
        train(stripes, cpu, SPEC.model_copy(update={"learning_rate": 1e30}))


class KilledError(RuntimeError):
    """Stands for the moment a process dies."""


class KilledAt(Checkpoint):
    """A checkpoint that is due at every step, and whose run dies right after a given step was saved."""

    step = -1
    due = True

    def save(self, tensors: Mapping[str, torch.Tensor], facts: Any) -> None:
        """Save, then die if it is time."""
        super().save(tensors, facts)
        if facts["done"] == self.step:
            raise KilledError


@pytest.mark.parametrize(("step", "channels"), [(1, 1), (37, 3), (75, 1), (99, 3)])
def test_a_killed_run_continues_to_the_same_bytes(cpu: Machine, tmp_path: Path, step: int, channels: int) -> None:
    stripes = make_image_set(*striped_images(60, 3, (channels, 8, 8)), ["low", "middle", "high"])
    spec = SPEC.model_copy(update={"steps": 100})
    generator, history, snapshots = train(stripes, cpu, spec)
    dying = KilledAt(tmp_path / "c.safetensors", {"data": "stripes"})
    dying.step = step
    with pytest.raises(KilledError):
        train(stripes, cpu, spec, checkpoint=dying)
    continued = train(stripes, cpu, spec, checkpoint=Checkpoint(tmp_path / "c.safetensors", {"data": "stripes"}))
    expected = generator.state_dict()
    assert all(torch.equal(expected[name], value) for name, value in continued[0].state_dict().items())
    pd.testing.assert_frame_equal(history, continued[1], check_exact=True)
    assert list(snapshots) == list(continued[2])
    assert all((snapshots[at] == continued[2][at]).all() for at in snapshots)


def test_an_interrupt_saves_and_is_raised(stripes: ImageSet, cpu: Machine, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "c.safetensors", {})
    threading.Timer(0.2, signal.raise_signal, [signal.SIGTERM]).start()
    with pytest.raises(KeyboardInterrupt, match=r"after \d+ steps; the next run continues there"):
        train(stripes, cpu, SPEC.model_copy(update={"steps": 100_000}), checkpoint=checkpoint)
    found = checkpoint.load()
    assert found is not None
    assert found[1]["done"] > 0


def test_history_rows_average_what_came_between() -> None:
    history = History()
    history.add(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    history.add(torch.tensor([3.0, 0.0, 0.0, 0.0]))
    history.close_row(2)
    history.add(torch.tensor([5.0, 0.0, 0.0, 1.0]))
    history.close_row(3)
    assert history.frame()["loss_d"].tolist() == [2.0, 5.0]
    assert history.frame()["step"].tolist() == [2, 3]
