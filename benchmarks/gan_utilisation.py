"""How much of this machine's arithmetic a training step of the GAN uses, beside what the machine can do, in one run.

    python -m benchmarks.gan_utilisation

The ceiling is the best rate of a few large convolutions and matrix products in the same precision. A step's floating
point operations are counted in its forward and backward passes; spectral norms, optimisers and averages take time and
count for nothing. The fixed cost is what a step would take for no images at all, extrapolated from very small batches:
Python, the dispatch of some thousand operations, and all that is done once a step whatever the batch.
Every time is the best of several, by CPU-seconds on a CPU, by the clock elsewhere. On a CPU the last column is the rate
of the step's convolutions by themselves, over the ceiling: what the step would reach if all else took no time.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from augment.core.images import ImageSet, make_image_set
from augment.runtime.machine import Machine, machine
from augment.runtime.runtime_spec import RuntimeSpec
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.gan.training import GanTraining
from augment.synthesis.networks.architectures import Compact

CONVOLUTIONS = [(64, 64, 14), (64, 128, 14), (64, 256, 14), (256, 128, 7)]
"""Batch, channels and side."""
PRODUCTS = [512, 1024, 2048]
TINY = (2, 4, 8)
WARM_UP = 3


class ConvolutionClock(TorchDispatchMode):
    """Adds up the CPU-seconds of convolutions and of their gradients while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in torch
        self.seconds = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call an operation, and time it if it is a convolution."""
        began = time.process_time()
        result = func(*args, **(kwargs or {}))
        if "convolution" in func.__name__:
            self.seconds += time.process_time() - began
        return result


def best_seconds(work: Callable[[], object], where: Machine, repeats: int) -> float:
    """Time work, the best of several repeats."""
    on_cpu = where.device.type == "cpu"
    clock = time.process_time if on_cpu else time.perf_counter
    seconds = []
    for _ in range(repeats + WARM_UP):
        began = clock()
        work()
        if not on_cpu:
            torch.cuda.synchronize()
        seconds.append(clock() - began)
    return min(seconds[WARM_UP:])


def ceiling(where: Machine, repeats: int) -> tuple[float, str]:
    """Find the best rate of large convolutions and products, FLOP/s, and which one reached it."""
    precision = torch.bfloat16 if where.bf16 else torch.float32
    make = partial(torch.randn, dtype=precision, device=where.device)
    rates = []
    for batch, channels, side in CONVOLUTIONS:
        images = make(batch, channels, side, side).contiguous(memory_format=torch.channels_last)
        weight = make(channels, channels, 3, 3).contiguous(memory_format=torch.channels_last)
        seconds = best_seconds(partial(F.conv2d, images, weight, padding=1), where, repeats)
        operations = 2 * batch * side**2 * channels**2 * 9
        rates.append((operations / seconds, f"convolution of {batch}×{channels}×{side}×{side}"))
    for size in PRODUCTS:
        seconds = best_seconds(partial(torch.mm, make(size, size), make(size, size)), where, repeats)
        rates.append((2 * size**3 / seconds, f"product of {size}×{size} matrices"))
    return max(rates)


@dataclass(frozen=True)
class StepCost:
    """Seconds and floating point operations of a training step, and its seconds within convolutions."""

    seconds: float
    operations: float
    in_convolutions: float


def time_step(images: ImageSet, batch: int, width: int, where: Machine, repeats: int) -> StepCost:
    """Measure a training step."""
    spec = GanSpec(kind="gan", steps=10**6, batch_size=batch, network=Compact(width=width))
    training = GanTraining(images, spec, 0, where)
    step = partial(training.step, 1, 1.0)
    with FlopCounterMode(display=False) as counter:
        step()
    seconds, clocks = best_seconds(step, where, repeats), []
    for _ in range(repeats):
        with ConvolutionClock() as clock:
            step()
        clocks.append(clock.seconds)
    return StepCost(seconds, counter.get_total_flops(), min(clocks))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32])
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    labels = np.arange(2000) % 10
    images = rng.integers(0, 256, (len(labels), 1, 28, 28), dtype=np.uint8)
    data = make_image_set(images, labels, [str(label) for label in range(10)])
    with machine(RuntimeSpec()) as where:
        most, of_what = ceiling(where, options.repeats)
        print(f"{where.describe()}; ceiling {most / 1e9:.0f} GFLOP/s ({of_what})\n")
        columns = ("width", "batch", "ms", "images/s", "GFLOP/s", "of ceiling", "fixed ms", "share", "conv alone")
        print("".join(f"{column:>11}" for column in columns))
        on_cpu = where.device.type == "cpu"
        for width in options.widths:
            tiny = [time_step(data, batch, width, where, options.repeats).seconds for batch in TINY]
            _, fixed = np.polyfit(TINY, tiny, deg=1)
            for batch in options.batches:
                cost = time_step(data, batch, width, where, options.repeats)
                rate = cost.operations / cost.seconds
                alone = f"{cost.operations / cost.in_convolutions / most:11.1%}" if on_cpu else f"{'-':>11}"
                print(
                    f"{width:11}{batch:11}{1e3 * cost.seconds:11.2f}{batch / cost.seconds:11.0f}{rate / 1e9:11.0f}"
                    f"{rate / most:11.1%}{1e3 * fixed:11.2f}{fixed / cost.seconds:11.0%}{alone}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
