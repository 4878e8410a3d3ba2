"""Progress of long loops: a bar on a terminal, one line every few seconds anywhere else."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tqdm import tqdm

from augment.runtime.stopwatch import watching

LINE_EVERY_S = 2.0
CAPPED_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<at most {remaining}, {rate_fmt}{postfix}]"


@dataclass
class Tally:
    """What this process has done in loops that may end before their last step: loops, and steps made in them."""

    trainings: int = 0
    steps: int = 0


TALLY = Tally()


class Progress:
    """Progress on standard error.

    Elsewhere than on a terminal a line reads
    ``progress: train_synthesizer digits gan 1200/2000 step, 85.2 step/s, ETA 0:21, loss_d 0.93``; schedulers parse it.

    Args:
        what: What is in progress.
        total: How many steps.
        quiet: Whether nothing is shown: another process reports of the same steps.
        capped: Whether the loop is likely to end before its last step, so that what is left is known as a bound only.
        line: On which line of a terminal the bar is, from 0: of loops side by side each has its own.
    """

    def __init__(self, what: str, total: int, *, quiet: bool = False, capped: bool = False, line: int = 0) -> None:
        self._what, self._total, self._quiet, self._capped, self._line = what, total, quiet, capped, line
        self._values: dict[str, float] = {}

    def steps(self, start: int = 0) -> Iterator[int]:
        """Yield the step numbers from ``start``, which are already done, to total - 1."""
        numbers = range(start, self._total)
        if (stopwatch := watching()) is not None:
            yield from stopwatch.watched(numbers)
        TALLY.trainings += self._capped
        for step in self._shown(numbers):
            TALLY.steps += self._capped
            yield step

    def show(self, **values: float) -> None:
        """Attach the latest losses or scores to the report."""
        self._values = values

    def _shown(self, numbers: range) -> Iterator[int]:
        if self._quiet:
            yield from numbers
        elif sys.stderr.isatty():
            form = CAPPED_BAR if self._capped else None
            with tqdm(
                numbers,
                desc=self._what,
                unit="step",
                total=self._total,
                initial=numbers.start,
                bar_format=form,
                position=self._line,
            ) as bar:
                for step in bar:
                    yield step
                    bar.set_postfix(self._values, refresh=False)
        else:
            yield from self._printed(numbers)

    def _printed(self, numbers: range) -> Iterator[int]:
        began = shown = time.monotonic()
        for step in numbers:
            yield step
            now, done = time.monotonic(), step + 1
            if now - shown >= LINE_EVERY_S or done == self._total:
                shown = now
                self._print(done, (done - numbers.start) / max(now - began, 1e-9))

    def _print(self, done: int, rate: float) -> None:
        left = ("at most " if self._capped else "") + tqdm.format_interval((self._total - done) / rate)
        values = "".join(f", {name} {value:.4g}" for name, value in self._values.items())
        line = f"progress: {self._what} {done}/{self._total} step, {rate:.1f} step/s, ETA {left}{values}"
        print(line, file=sys.stderr, flush=True)
