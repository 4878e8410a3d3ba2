"""Images a second: the generator alone, beside the project's own way from noise to a container on disk, in one run.

    python -m benchmarks.generation --images 1000000 --width 16

The generator is untrained: its weights do not change its speed. Rates are per CPU-second and per second of wall time;
memory is the process's peak, over what it is before the first image.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from augment.core.container import write_drawn_images
from augment.runtime.machine import Machine, machine
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.sampling import BATCH, sample_batches
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.gan.networks import build_generator
from augment.synthesis.networks.architectures import Compact

CLASSES = tuple(str(label) for label in range(10))
SHAPE = (1, 28, 28)
MIB = 2**20


def run_alone(generator: Synthesizer, images: int, where: Machine) -> None:
    """Run the generator on noise that is there already, and throw the images away."""
    noise = torch.randn(BATCH, generator.latent_dim, generator=torch_generator(0, "noise")).to(where.device)
    labels = torch.arange(BATCH, device=where.device) % generator.classes
    with torch.no_grad(), where.autocast():
        for _ in range(images // BATCH):
            generator(noise, labels)
    if where.device.type == "cuda":
        torch.cuda.synchronize()


def run_to_disk(generator: Synthesizer, images: int, where: Machine, folder: Path) -> None:
    """Draw and write a container as the stage ``synthesize`` does."""
    labels = np.arange(images) % generator.classes
    batches = sample_batches(generator, labels, torch_generator(0, "noise"), where)
    write_drawn_images(
        folder / "synthetic", batches, labels, CLASSES, {}, generator_seed=np.zeros(len(labels), dtype=np.int64)
    )


def peak_mib() -> float:
    """Give the most memory that this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Give the CPU-seconds and seconds that work takes."""
    cpu, wall = time.process_time(), time.monotonic()
    work()
    return time.process_time() - cpu, time.monotonic() - wall


def main() -> None:
    """Time both, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--alone", type=int, default=100_000, help="images that the generator's own rate is taken over")
    parser.add_argument("--width", type=int, default=16, help="of the generator")
    options = parser.parse_args()
    with machine(RuntimeSpec()) as where, tempfile.TemporaryDirectory(prefix="generation-") as scratch:
        spec = GanSpec(kind="gan", steps=1, network=Compact(width=options.width))
        generator = build_generator(spec, SHAPE, len(CLASSES)).to(where.device).eval()
        run_alone(generator, 10 * BATCH, where)
        before = peak_mib()
        # Half of the generator's own before and half after, so that what else runs here slows both alike.
        first = timed(lambda: run_alone(generator, options.alone // 2, where))
        disk = timed(lambda: run_to_disk(generator, options.images, where, Path(scratch)))
        added = peak_mib() - before
        second = timed(lambda: run_alone(generator, options.alone // 2, where))
        alone = [options.alone // BATCH * BATCH / (a + b) for a, b in zip(first, second, strict=True)]
        written = [options.images / seconds for seconds in disk]
        size = sum(file.stat().st_size for file in Path(scratch, "synthetic").iterdir()) / MIB
    print(f"{where.describe()}, width {options.width}\n{'':32} {'images/CPU-s':>13} {'images/s':>10}")
    print(f"{'generator alone':32} {alone[0]:13.0f} {alone[1]:10.0f}")
    print(f"{f'{options.images:,} images on disk':32} {written[0]:13.0f} {written[1]:10.0f}")
    print(f"{'share of its own rate':32} {written[0] / alone[0]:13.0%} {written[1] / alone[1]:10.0%}")
    print(f"peak memory over the interpreter's {before:.0f} MiB: {added:.0f} MiB, for {size:.0f} MiB on disk")


if __name__ == "__main__":
    main()
