"""The loop of every iterative training: logs, evaluates, keeps the best, rolls back, stops early, resumes."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar

import torch
from torch import Tensor

from augment.core.errors import TrainingError
from augment.core.images import UInt8Array
from augment.core.text import counted
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.synthesis.base.iterative_spec import IterativeSpec
from augment.synthesis.base.sampling import settle_batch_norm
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.training.checkpoint import Checkpoint, Stateful, pack, unpack
from augment.synthesis.training.interrupts import deferred_interrupts
from augment.synthesis.training.record import Monitor, Record, TrainedSynthesizer, long_table

LOG_POINTS = 100
"""Rows of the training history: enough for a curve, few enough to read."""

AFTER_ROLLBACK = 0.5
"""Each rollback multiplies the learning rate by this."""

NOW, GOOD, BEST, PENDING, GRID = "now/", "good/", "best/", "pending", "grid/"
"""Where a checkpoint keeps the present state, the last good one, the best synthesizer, open history, drawn grids."""


class Training(ABC):
    """One synthesizer in training: networks, optimisers, random generators, and what one step does to them.

    Attributes:
        FIGURES: Names of the values that a step returns.
        average: The synthesizer with averaged weights: the one that is evaluated and kept.
    """

    FIGURES: ClassVar[tuple[str, ...]]
    average: Synthesizer

    @abstractmethod
    def step(self, number: int, factor: float) -> Tensor:
        """Make step ``number`` (from 0) with ``factor`` times the scheduled learning rate; return float ``FIGURES``."""

    @property
    @abstractmethod
    def stateful(self) -> dict[str, Stateful]:
        """Everything that the next step depends on."""


class TrainingRun:
    """A training and its record; can be saved and restored whole.

    Args:
        training: What is trained.
        spec: How long, and what is best.
        seed: The project's seed (``seed`` in ``params.yaml``).
        machine: Where to compute.
        monitor: Evaluates the synthesizer.
        on_point: Called with the number of steps done and the grid of each evaluation point; a continued run calls it
            again for those before it was killed.
    """

    def __init__(
        self,
        training: Training,
        spec: IterativeSpec,
        seed: int,
        machine: Machine,
        monitor: Monitor,
        on_point: Callable[[int, UInt8Array], None],
    ) -> None:
        self.training, self.spec, self.seed, self.machine = training, spec, seed, machine
        self.monitor, self.on_point = monitor, on_point
        self.record = Record()
        self.pending: list[Tensor] = []
        self.grids: dict[int, UInt8Array] = {}
        self.best = copy.deepcopy(training.average)
        self.good_tensors = pack(training.stateful)
        self.good_record = asdict(self.record)

    def over(self) -> bool:
        """Whether all steps are made, or patience has run out."""
        patience = self.spec.monitor.patience
        return self.record.done >= self.spec.steps or bool(patience and self.record.stale_points() >= patience)

    def step(self, number: int) -> None:
        """Make one step."""
        self.pending.append(self.training.step(number, AFTER_ROLLBACK**self.record.rollbacks))
        self.record.done = number + 1

    def close_row(self) -> dict[str, float]:
        """Average what the steps since the last row returned, over them and over all processes."""
        means = self.machine.mean(torch.stack(self.pending).mean(0)).tolist()
        self.pending.clear()
        row = dict(zip(self.training.FIGURES, means, strict=True))
        self.record.rows.append({"step": self.record.done, **row})
        return row

    def diverged(self) -> bool:
        """Tell whether the last row or a weight is NaN or infinite."""
        numbers = [torch.tensor(list(self.record.rows[-1].values())), *self.training.average.parameters()]
        return not all(bool(tensor.isfinite().all()) for tensor in numbers)

    def evaluate(self) -> dict[str, float]:
        """Evaluate the averaged synthesizer; keep it if it is the best; remember this state as a good one."""
        synthesizer = copy.deepcopy(self.training.average)
        settle_batch_norm(synthesizer, self.seed, self.machine)
        seen = self.monitor(synthesizer)
        self.record.points.append({"step": self.record.done, **seen.figures})
        if self.record.improves(self.spec.monitor):
            self.best, self.record.best_step = synthesizer, self.record.done
        self._show(self.record.done, seen.grid)
        self.good_tensors, self.good_record = pack(self.training.stateful), copy.deepcopy(asdict(self.record))
        return seen.figures

    def roll_back(self) -> None:
        """Return to the last good state, with a lower learning rate from there on.

        Raises:
            TrainingError: That was done too often.
        """
        rollbacks, diverged_at = self.record.rollbacks + 1, self.record.done
        if rollbacks > self.spec.rollbacks:
            raise TrainingError(
                f"training diverged before step {diverged_at} ({self.record.rows[-1]}); expected finite losses. "
                f"It went back {counted(rollbacks - 1, 'time')} already: lower the learning rate"
            )
        unpack(self.good_tensors, self.training.stateful)
        self.record = Record(**copy.deepcopy(self.good_record))
        self.record.rollbacks = rollbacks

    def save(self, checkpoint: Checkpoint) -> None:
        """Save everything the next step depends on, and what was made so far."""
        tensors = {f"{NOW}{name}": tensor for name, tensor in pack(self.training.stateful).items()}
        tensors |= {f"{GOOD}{name}": tensor for name, tensor in self.good_tensors.items()}
        tensors |= {f"{BEST}{name}": tensor for name, tensor in pack({"synthesizer": self.best}).items()}
        tensors |= {f"{GRID}{step}": torch.from_numpy(grid) for step, grid in self.grids.items()}
        tensors |= {PENDING: torch.stack(self.pending)} if self.pending else {}
        checkpoint.save(tensors, {"now": asdict(self.record), "good": self.good_record})

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from the checkpoint, where there is one."""
        found = checkpoint.load()
        if found is None:
            return
        tensors, records = found
        unpack(_below(NOW, tensors), self.training.stateful)
        unpack(_below(BEST, tensors), {"synthesizer": self.best})
        self.good_tensors, self.good_record = _below(GOOD, tensors), records["good"]
        self.pending = [*tensors.get(PENDING, ())]
        self.record = Record(**records["now"])
        for step, grid in sorted((int(step), grid) for step, grid in _below(GRID, tensors).items()):
            self._show(step, grid.numpy())

    def result(self) -> TrainedSynthesizer:
        """Give the best synthesizer and the course of the training."""
        record = self.record
        return TrainedSynthesizer(
            synthesizer=self.best.eval(),
            history=long_table([*record.rows, *record.points]),
            best_step=record.best_step,
            steps=record.done,
            rollbacks=record.rollbacks,
        )

    def _show(self, step: int, grid: UInt8Array) -> None:
        self.grids[step] = grid
        self.on_point(step, grid)


def train(run: TrainingRun, progress: Progress, checkpoint: Checkpoint) -> TrainedSynthesizer:
    """Train to the end, from the checkpoint where there is one.

    A run that is killed at any moment and started again gives the same bytes as one that is not.

    Args:
        run: What to train, and how.
        progress: Told of every step and of the latest figures.
        checkpoint: Saved every so often and on SIGINT or SIGTERM; cleared by the caller, once the result is kept.

    Raises:
        TrainingError: The training diverged once too often.
        KeyboardInterrupt: SIGINT or SIGTERM came; the checkpoint was saved first.
    """
    run.restore(checkpoint)
    steps = run.spec.steps
    evaluate_at = _evenly_spaced(steps, run.spec.monitor.points)
    log_at = _evenly_spaced(steps, LOG_POINTS) | evaluate_at
    with deferred_interrupts() as interrupted:
        while not run.over():
            for number in progress.steps(run.record.done):
                run.step(number)
                if run.record.done in log_at:
                    progress.show(**run.close_row())
                    if run.diverged():
                        run.roll_back()
                        break
                if run.record.done in evaluate_at:
                    progress.show(**run.evaluate())
                if run.machine.any(interrupted()):
                    run.save(checkpoint)
                    raise KeyboardInterrupt(f"after {run.record.done} steps; the next run continues there")
                if checkpoint.due:
                    run.save(checkpoint)
                if run.over() and run.record.done < steps:  # out of patience; at the last step the bar ends itself
                    break
    return run.result()


def _evenly_spaced(steps: int, points: int) -> set[int]:
    """Choose up to ``points`` step counts, evenly spaced, the last being ``steps``."""
    return {round(steps * (k + 1) / points) for k in range(points)} - {0}


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
