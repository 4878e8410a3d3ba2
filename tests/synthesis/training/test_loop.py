import json
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
from augment.core.images import ImageSet, make_image_set
from augment.runtime.machine import Machine
from augment.synthesis.base.iterative_spec import MonitorSpec
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.gan.gan_spec import AugmentationSpec, GanSpec, OptimiserSpec
from augment.synthesis.gan.losses import NonSaturating
from augment.synthesis.gan.regularisers import GradientPenalty, LeCamPenalty, R1Penalty
from augment.synthesis.gan.training import GanTraining
from augment.synthesis.networks.architectures import Compact, DiscriminatorSpec
from augment.synthesis.training.checkpoint import Checkpoint
from augment.synthesis.training.loop import TrainingRun
from augment.synthesis.training.record import EvaluationPoint
from augment.synthesis.vae.vae_spec import VaeSpec
from tests.conftest import striped_images
from tests.synthesis.trainings import monitor, train

NETWORK = Compact(width=8, latent_dim=8)
SPEC = GanSpec(kind="gan", steps=100, batch_size=16, network=NETWORK, monitor=MonitorSpec(points=4))
EVERYTHING = SPEC.model_copy(
    update={
        "discriminator": DiscriminatorSpec(dropout=0.1),
        "loss": NonSaturating(),
        "regularisers": {
            "lecam": LeCamPenalty(weight=0.01),
            "r1": R1Penalty(weight=0.1),
            "gradient_penalty": GradientPenalty(weight=0.1),
        },
        "augmentation": AugmentationSpec(kinds=["translation", "cutout"], adaptive=True, images=2000),
    }
)
"""All of a GAN training's state: dropout's and augmentation's draws, the adaptive share, LeCam's means."""

VAE = VaeSpec(kind="vae", steps=100, batch_size=16, network=NETWORK, monitor=MonitorSpec(points=4))


def scripted(values: dict[int, float], cpu: Machine) -> Any:
    """Make a monitor that gives the listed distances, one point after the other."""
    left = iter(values.values())
    return lambda synthesizer: EvaluationPoint({"frechet_joint_distance": next(left)}, monitor(cpu)(synthesizer).grid)


def state(synthesizer: Synthesizer) -> dict[str, torch.Tensor]:
    return synthesizer.state_dict()


def test_it_evaluates_at_even_distances_and_at_the_end(stripes: ImageSet, cpu: Machine) -> None:
    trained, grids = train(stripes, cpu, SPEC)
    assert list(grids) == [25, 50, 75, 100]
    assert grids[25].shape == (3, 1, 8, 8)
    points = trained.history.query("figure == 'frechet_joint_distance'")
    assert points["step"].tolist() == [25, 50, 75, 100]
    losses = trained.history.query("figure == 'loss_d'")
    assert losses["step"].is_monotonic_increasing
    assert losses["step"].iloc[-1] == 100


def test_rows_of_the_history_average_what_came_between(stripes: ImageSet, cpu: Machine) -> None:
    run = TrainingRun(GanTraining(stripes, SPEC, 0, cpu), SPEC, 0, cpu, monitor(cpu), lambda _step, _grid: None)
    run.pending = [torch.tensor([1.0, 0.0, 0.0, 0.0]), torch.tensor([3.0, 0.0, 0.0, 1.0])]
    assert run.close_row() == {"loss_d": 2.0, "loss_g": 0.0, "score_real": 0.0, "score_fake": 0.5}
    assert run.pending == []


def test_the_point_with_the_lowest_distance_is_kept(stripes: ImageSet, cpu: Machine) -> None:
    best, _ = train(stripes, cpu, SPEC, evaluate=scripted({25: 3.0, 50: 1.0, 75: 2.0, 100: 2.5}, cpu))
    assert (best.best_step, best.steps) == (50, 100)
    # Half as many steps under the same schedule are the first half of the run.
    at_50 = []
    run = TrainingRun(GanTraining(stripes, SPEC, 0, cpu), SPEC, 0, cpu, monitor(cpu), lambda _step, _grid: None)
    for number in range(50):
        run.step(number)
    at_50 = [*run.training.average.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(best.synthesizer.parameters(), at_50, strict=True))


def test_the_last_point_is_kept_where_the_settings_say_so(stripes: ImageSet, cpu: Machine) -> None:
    spec = SPEC.model_copy(update={"monitor": MonitorSpec(points=4, choose_by="last")})
    assert train(stripes, cpu, spec, evaluate=scripted({25: 1, 50: 2, 75: 3, 100: 4}, cpu))[0].best_step == 100


def test_training_ends_when_patience_does(stripes: ImageSet, cpu: Machine) -> None:
    spec = SPEC.model_copy(update={"monitor": MonitorSpec(points=10, patience=3)})
    values = {step: 1.0 if step == 20 else 2.0 for step in range(10, 110, 10)}
    trained, grids = train(stripes, cpu, spec, evaluate=scripted(values, cpu))
    assert (trained.best_step, trained.steps) == (20, 50)
    assert list(grids) == [10, 20, 30, 40, 50]


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(stripes: ImageSet, cpu: Machine) -> None:
    spec = SPEC.model_copy(update={"steps": 5})
    first, again, other = (state(train(stripes, cpu, spec, seed)[0].synthesizer) for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["stem.weight"], other["stem.weight"])


class Diverging(GanTraining):
    """Turns its weights into NaN at a step, once; notes the factors of the learning rate it was given."""

    at = 60
    times = 1

    def step(self, number: int, factor: float) -> torch.Tensor:
        """Make the step, or spoil the networks."""
        self.factors = [*getattr(self, "factors", []), factor]
        if number == self.at and self.times:
            self.times -= 1
            self.generator.get_parameter("stem.weight").data.fill_(float("nan"))
        return super().step(number, factor)


def diverge(stripes: ImageSet, cpu: Machine, times: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[float]]:
    made: list[Diverging] = []

    def build(images: ImageSet, spec: GanSpec, seed: int, machine: Machine) -> Diverging:
        made.append(Diverging(images, spec, seed, machine))
        made[0].times = times
        return made[0]

    monkeypatch.setattr("augment.synthesis.gan.training.GanTraining", build)
    return train(stripes, cpu, SPEC)[0], made[0].factors


def test_a_diverged_training_goes_back_and_on_at_half_the_rate(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, factors = diverge(stripes, cpu, 1, monkeypatch)
    assert trained.rollbacks == 1
    assert trained.history["value"].notna().all()
    assert all(weight.isfinite().all() for weight in trained.synthesizer.parameters())
    assert factors[:61] == [1.0] * 61
    assert factors[-50:] == [0.5] * 50  # from the point at step 50


def test_a_training_that_diverges_again_and_again_fails_with_advice(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = r"training diverged before step 61 .*It went back 3 times already: lower the learning rate"
    with pytest.raises(TrainingError, match=expected):
        diverge(stripes, cpu, 10, monkeypatch)


def test_a_learning_rate_out_of_all_bounds_is_told(stripes: ImageSet, cpu: Machine) -> None:
    with pytest.raises(TrainingError, match="training diverged before step"):
        train(stripes, cpu, SPEC.model_copy(update={"optimiser": OptimiserSpec(learning_rate=1e30)}))


class KilledError(RuntimeError):
    """Stands for the moment a process dies."""


class KilledAt(Checkpoint):
    """A checkpoint that is due at every step, and whose run dies right after a given step was saved."""

    step = -1
    due = True

    def save(self, tensors: Mapping[str, torch.Tensor], facts: Any) -> None:
        """Save, then die if it is time."""
        super().save(tensors, facts)
        if facts["now"]["done"] == self.step:
            raise KilledError


@pytest.mark.parametrize(
    ("step", "channels", "spec"),
    [(1, 1, SPEC), (37, 3, SPEC), (75, 1, EVERYTHING), (99, 3, EVERYTHING), (50, 1, VAE), (51, 3, VAE)],
    ids=["begin", "rgb", "everything at a point", "everything rgb", "vae at a point", "vae rgb"],
)
def test_a_killed_run_continues_to_the_same_bytes(
    cpu: Machine, tmp_path: Path, step: int, channels: int, spec: SynthesizerSpec
) -> None:
    stripes = make_image_set(*striped_images(60, 3, (channels, 8, 8)), ["low", "middle", "high"])
    trained, grids = train(stripes, cpu, spec)
    dying = KilledAt(tmp_path / "c.safetensors", {"data": "stripes"})
    dying.step = step
    with pytest.raises(KilledError):
        train(stripes, cpu, spec, checkpoint=dying)
    checkpoint = Checkpoint(tmp_path / "c.safetensors", {"data": "stripes"})
    continued, grids_again = train(stripes, cpu, spec, checkpoint=checkpoint)
    expected = state(trained.synthesizer)
    assert all(torch.equal(expected[name], value) for name, value in state(continued.synthesizer).items())
    pd.testing.assert_frame_equal(trained.history, continued.history, check_exact=True)
    assert list(grids) == list(grids_again)
    assert all((grids[at] == grids_again[at]).all() for at in grids)


def test_a_run_killed_after_a_rollback_goes_on_as_it_would_have(
    stripes: ImageSet, cpu: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = diverge(stripes, cpu, 1, monkeypatch)
    dying = KilledAt(tmp_path / "c.safetensors", {})
    dying.step = 80
    training = Diverging(stripes, SPEC, 0, cpu)
    monkeypatch.setattr("augment.synthesis.gan.training.GanTraining", lambda *_: training)
    with pytest.raises(KilledError):
        train(stripes, cpu, SPEC, checkpoint=dying)
    monkeypatch.undo()
    continued, _ = train(stripes, cpu, SPEC, checkpoint=Checkpoint(tmp_path / "c.safetensors", {}))
    assert continued.rollbacks == 1
    expected = state(whole.synthesizer)
    assert all(torch.equal(expected[name], value) for name, value in state(continued.synthesizer).items())


def test_a_checkpoint_is_bounded(stripes: ImageSet, cpu: Machine, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    run = TrainingRun(GanTraining(stripes, SPEC, 0, cpu), SPEC, 0, cpu, monitor(cpu), lambda _step, _grid: None)
    weights = sum(tensor.numel() * tensor.element_size() for tensor in run.good_tensors.values())
    run.evaluate()
    run.save(Checkpoint(path, {}))
    assert path.stat().st_size < 3.5 * weights + 50_000


def test_an_interrupt_saves_and_is_raised(stripes: ImageSet, cpu: Machine, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "c.safetensors", {})
    threading.Timer(0.2, signal.raise_signal, [signal.SIGTERM]).start()
    with pytest.raises(KeyboardInterrupt, match=r"after \d+ steps; the next run continues there"):
        train(stripes, cpu, SPEC.model_copy(update={"steps": 100_000}), checkpoint=checkpoint)
    found = checkpoint.load()
    assert found is not None
    assert found[1]["now"]["done"] > 0


def test_records_survive_json(stripes: ImageSet, cpu: Machine) -> None:
    run = TrainingRun(GanTraining(stripes, SPEC, 0, cpu), SPEC, 0, cpu, monitor(cpu), lambda _step, _grid: None)
    run.step(0)
    run.close_row()
    run.evaluate()
    assert json.loads(json.dumps(run.good_record)) == run.good_record
    assert np.isfinite(run.good_record["rows"][0]["loss_d"])
