"""Progress of long loops: a bar on a terminal, one line every few seconds anywhere else."""

import sys
import time
from collections.abc import Iterator

from tqdm import tqdm

LINE_EVERY_S = 2.0


class Progress:
    """Progress on standard error.

    Elsewhere than on a terminal a line reads
    ``progress: train_synthesizer digits gan 1200/2000 step, 85.2 step/s, ETA 0:21, loss_d 0.93``; schedulers parse it.

    Args:
        what: What is in progress.
        total: How many steps.
        quiet: Whether nothing is shown: another process reports of the same steps.
    """

    def __init__(self, what: str, total: int, *, quiet: bool = False) -> None:
        self._what, self._total, self._quiet = what, total, quiet
        self._values: dict[str, float] = {}

    def steps(self, start: int = 0) -> Iterator[int]:
        """Yield the step numbers from ``start``, which are already done, to total - 1."""
        numbers = range(start, self._total)
        if self._quiet:
            yield from numbers
            return
        if sys.stderr.isatty():
            with tqdm(numbers, desc=self._what, unit="step", total=self._total, initial=start) as bar:
                for step in bar:
                    yield step
                    bar.set_postfix(self._values, refresh=False)
            return
        began = shown = time.monotonic()
        for step in numbers:
            yield step
            now, done = time.monotonic(), step + 1
            if now - shown >= LINE_EVERY_S or done == self._total:
                shown = now
                self._print(done, (done - start) / max(now - began, 1e-9))

    def show(self, **values: float) -> None:
        """Attach the latest losses or scores to the report."""
        self._values = values

    def _print(self, done: int, rate: float) -> None:
        left = tqdm.format_interval((self._total - done) / rate)
        values = "".join(f", {name} {value:.4g}" for name, value in self._values.items())
        line = f"progress: {self._what} {done}/{self._total} step, {rate:.1f} step/s, ETA {left}{values}"
        print(line, file=sys.stderr, flush=True)
