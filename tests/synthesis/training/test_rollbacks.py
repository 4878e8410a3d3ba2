"""What a training that diverges more than once comes back to, and at which rate."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from augment.core.errors import TrainingError
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.synthesis.base.iterative_spec import MonitorSpec
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.training.checkpoint import Checkpoint, Stateful
from augment.synthesis.training.loop import Training, TrainingRun, train
from augment.synthesis.training.record import EvaluationPoint, TrainedSynthesizer

SPEC = GanSpec(kind="gan", steps=100, rollbacks=3, monitor=MonitorSpec(points=4))


class Counter(Synthesizer):
    """Draws nothing; its only weight counts the steps that made it."""

    classes, latent_dim = 1, 1

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.Parameter(torch.zeros(()))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Give grey images."""
        return torch.zeros(len(labels), 1, 1, 1) * noise.mean()


class Scripted(Training):
    """Diverges at each step of a list, once; notes every step's number and factor."""

    FIGURES = ("loss",)

    def __init__(self, diverges_at: list[int]) -> None:
        self.average, self.diverges_at = Counter(), [*diverges_at]
        self.calls: list[tuple[int, float]] = []

    @property
    def stateful(self) -> dict[str, Stateful]:
        """The only weight."""
        return {"average": self.average}

    def step(self, number: int, factor: float) -> Tensor:
        """Count, or spoil the count."""
        self.calls.append((number, factor))
        assert self.average.get_parameter("steps").item() == number  # what it came back to is as it was then
        self.average.get_parameter("steps").data.add_(1.0)
        if self.diverges_at[:1] == [number]:
            self.diverges_at.pop(0)
            return torch.tensor([float("inf")])
        return torch.zeros(1)


def run(training: Training, cpu: Machine) -> TrainedSynthesizer:
    grid = np.zeros((1, 1, 1, 1), np.uint8)
    point = EvaluationPoint({"frechet_joint_distance": 0.0}, grid)
    prepared = TrainingRun(training, SPEC, 0, cpu, lambda _: point, lambda _step, _grid: None)
    return train(prepared, Progress("test", SPEC.steps, quiet=True), Checkpoint(None, {}))


def stretch(begin: int, end: int, factor: float) -> list[tuple[int, float]]:
    """Steps ``begin`` up to and with ``end`` at one factor of the learning rate."""
    return [(number, factor) for number in range(begin, end + 1)]


@pytest.mark.parametrize(
    ("diverges_at", "expected"),
    [
        ([60], stretch(0, 60, 1.0) + stretch(50, 99, 0.5)),
        # Twice from the same good state, which was saved when nothing had gone wrong yet.
        ([60, 60], stretch(0, 60, 1.0) + stretch(50, 60, 0.5) + stretch(50, 99, 0.25)),
        # From two good states, the second of which was reached at half the rate.
        ([60, 80], stretch(0, 60, 1.0) + stretch(50, 80, 0.5) + stretch(75, 99, 0.25)),
        # Before the first look: back to the beginning.
        ([3, 3, 60], stretch(0, 3, 1.0) + stretch(0, 3, 0.5) + stretch(0, 60, 0.25) + stretch(50, 99, 0.125)),
    ],
    ids=["once", "twice from one place", "from two places", "from the beginning"],
)
def test_each_return_halves_the_rate_again(
    diverges_at: list[int], expected: list[tuple[int, float]], cpu: Machine
) -> None:
    training = Scripted(diverges_at)
    trained = run(training, cpu)
    assert training.calls == expected
    assert (trained.rollbacks, trained.steps) == (len(diverges_at), 100)
    assert trained.history["value"].map(np.isfinite).all()
    losses = trained.history.query("figure == 'loss'")["step"].tolist()
    assert losses == list(range(1, 101))  # what was undone is not told


def test_it_goes_back_as_often_as_the_settings_say_and_no_more(cpu: Machine) -> None:
    with pytest.raises(TrainingError, match=r"training diverged before step 61 .*went back 3 times already"):
        run(Scripted([10, 30, 60, 60]), cpu)
