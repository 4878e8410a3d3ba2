import numpy as np
import pytest
import torch

from augment.core.errors import TrainingError
from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.seeding import torch_generator
from augment.synthesis.networks import Generator
from augment.synthesis.sampling import sample
from augment.synthesis.specs import GanSpec
from augment.synthesis.training import History, train_gan

SPEC = GanSpec(steps=150, batch_size=16, width=8, latent_dim=8, snapshots=2)


def train(stripes: ImageSet, cpu: Machine, spec: GanSpec = SPEC, seed: int = 0) -> tuple[Generator, list[int]]:
    snapshots: list[int] = []
    progress = Progress("test", spec.steps)
    generator, history = train_gan(stripes, spec, seed, cpu, progress, lambda step, _: snapshots.append(step))
    assert history["step"].is_monotonic_increasing
    assert history["step"].iloc[-1] == spec.steps
    return generator, snapshots


def test_it_learns_which_row_belongs_to_which_class(stripes: ImageSet, cpu: Machine) -> None:
    generator, snapshots = train(stripes, cpu)
    assert snapshots == [75, 150]
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


def test_history_rows_average_what_came_between() -> None:
    history = History()
    history.add(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    history.add(torch.tensor([3.0, 0.0, 0.0, 0.0]))
    history.close_row(2)
    history.add(torch.tensor([5.0, 0.0, 0.0, 1.0]))
    history.close_row(3)
    assert history.frame()["loss_d"].tolist() == [2.0, 5.0]
    assert history.frame()["step"].tolist() == [2, 3]
