"""Train a synthesizer - a GAN, or one of its baselines - on the real train split."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

import augment
from augment.core.container import read_image_set
from augment.core.errors import LeftOutError
from augment.core.images import ImageSet, UInt8Array, concatenate, require_disjoint, tile
from augment.core.provenance import POOL, described, require_made_by, require_same_origin
from augment.core.pseudo_labels import pseudo_labelled
from augment.core.seeding import generator_seed
from augment.core.stage import Unversioned, stage
from augment.core.store import LEFT_OUT, write_csv, write_json, write_left_out, write_png
from augment.judge.judge import Judge, read_judge
from augment.runtime.machine import Machine, machine
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.side_by_side import side_by_side
from augment.synthesis.base.files import generator_folder, write_synthesizer
from augment.synthesis.base.iterative_spec import IterativeSpec, PooledSpec
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.training.checkpoint import Checkpoint, fingerprint, fingerprint_code, fingerprint_folder
from augment.synthesis.training.checkpoint_spec import CheckpointSpec
from augment.synthesis.training.fitting import fit
from augment.synthesis.training.monitoring import GRID_COLUMNS, make_monitor
from augment.synthesis.training.record import TrainedSynthesizer, long_table

GRID_SIDE = 900
"""Width in pixels, about, of the pictures of samples."""

SHARED_CODE = ("core", "judge", "quality", "runtime", "synthesis/base", "synthesis/networks", "synthesis/training")


def code(family: str) -> list[Path]:
    """List the folders of code that a checkpoint of a family's training depends on."""
    return [Path(augment.__path__[0], room) for room in (*SHARED_CODE, f"synthesis/{family}")]


def _settled(spec: SynthesizerSpec, runtime: RuntimeSpec) -> AbstractContextManager[Machine]:
    if not isinstance(spec, IterativeSpec):
        return machine(runtime)
    from augment.synthesis.training.processes import processes  # which takes more than a second to import

    return processes(runtime, spec.devices)


@stage(
    spec="datasets.{dataset}.synthesizers.{synthesizer}",
    runtime="runtime",
    checkpoints=Unversioned("checkpoints"),
    seed="seed",
)
def train_synthesizer(
    dataset: str,
    synthesizer: str,
    spec: SynthesizerSpec,
    runtime: RuntimeSpec,
    checkpoints: CheckpointSpec,
    seed: int,
    *,
    train: Path,
    val: Path,
    unlabelled: Path,
    judge: Path,
    checkpoint: Path,
    trained: Path,
    history: Path,
    samples: Path,
) -> None:
    """Write the synthesizer to ``trained``, losses and figures to ``history``, pictures to ``samples``.

    There a grid each evaluation point, and a filmstrip: one row a point, one sample a class, always of the same noise.
    Of several generators history and pictures are the first's. Where the settings say so it also learns from the images
    in ``unlabelled``, by labels of the judge.
    Where the training fails by itself, the reasons stand in the place of the synthesizer.
    """
    require_made_by(train, stage="prepare", dataset=dataset, seed=seed)
    require_same_origin(train, val)
    real, held_out = read_image_set(train), read_image_set(val)
    pool, threshold = None, 1.0
    if isinstance(spec, PooledSpec) and spec.pool is not None:
        require_same_origin(train, unlabelled)
        pool, threshold = read_image_set(unlabelled), spec.pool.threshold
        require_disjoint(pool, held_out, f"{unlabelled} and {val}")
    with _settled(spec, runtime) as where:
        seen = [each.images.tobytes() for each in (held_out, pool) if each is not None]
        origin = {
            "data": fingerprint(real.images.tobytes(), real.labels.tobytes(), *seen),
            "judge": fingerprint_folder(judge),
            "code": fingerprint_code(*code(spec.family())),
            "machine": f"{where.describe()}, {runtime.threads} threads",
        }
        scale = max(1, GRID_SIDE // (GRID_COLUMNS * real.shape[2]))

        def checkpoint_of(number: int) -> Checkpoint:
            own = fingerprint(spec.model_dump_json().encode(), str(generator_seed(seed, number)).encode())
            file = checkpoint if number == 0 else checkpoint.with_suffix(f".{number + 1}{checkpoint.suffix}")
            return Checkpoint(file, {"settings": own} | origin, checkpoints.every_s, writes=where.first)

        def fitted(number: int, line: int = 0) -> tuple[TrainedSynthesizer, list[UInt8Array], int]:
            film: list[UInt8Array] = []

            def draw_grid(step: int, images: UInt8Array) -> None:
                film.append(images[::GRID_COLUMNS][:GRID_COLUMNS])
                if where.first and number == 0:
                    rows = len(images) // GRID_COLUMNS
                    write_png(samples / f"step_{step:06d}.png", tile(images, rows, GRID_COLUMNS, scale=scale))

            own = what if spec.generators == 1 else f"{what} generator {number + 1} of {spec.generators}"
            kept = checkpoint_of(number)
            says = read_judge(judge, real.classes, real.shape, where.device)
            learnt = real if pool is None else _with_pool(real, pool, held_out, says, threshold)
            monitor = make_monitor(held_out, says, seed, where)
            made = fit(learnt, spec, generator_seed(seed, number), where, own, kept, monitor, draw_grid, line)
            return made, film, len(learnt) - len(real)

        what = f"train_synthesizer {dataset} {synthesizer}"
        try:
            made = side_by_side(fitted, spec.generators, where) if spec.generators > 1 else [fitted(0)]
        except LeftOutError as left_out:
            if where.first:
                leave_out(left_out.reasons, trained, history, samples)
                _clear(map(checkpoint_of, range(spec.generators)))
                print(f"{what}: left out, as it cannot be made of these data:\n{left_out}")
            return
        if where.first:
            made_by = described(dataset=dataset, synthesizer=synthesizer, seed=seed)
            for number, (result, _, believed) in enumerate(made):
                about = {"made_by": made_by, "machine": where.describe(), **result.course()}
                about |= {} if pool is None else {POOL: {"images": len(pool), "believed": believed}}
                write_synthesizer(generator_folder(trained, number), result.synthesizer, spec, real, about)
            first, film, _ = made[0]
            write_csv(history, first.history)
            write_png(samples / "filmstrip.png", tile(np.concatenate(film), len(film), len(film[0]), scale=scale))
            _clear(map(checkpoint_of, range(spec.generators)))


def _with_pool(real: ImageSet, pool: ImageSet, val: ImageSet, judge: Judge, threshold: float) -> ImageSet:
    """Add the images without labels of which the judge is sure.

    Raises:
        LeftOutError: There are none.
    """
    if not len(pool):
        raise LeftOutError("its settings have a pool, and no image is without a label: see `unlabelled` of the source")
    (_, of_pool), (_, of_val) = judge(pool.images), judge(val.images)
    return concatenate(real, pseudo_labelled(pool, of_pool, val, of_val, real, threshold))


def _clear(checkpoints: Iterable[Checkpoint]) -> None:
    for each in checkpoints:
        each.clear()


def leave_out(reasons: Sequence[str], trained: Path, history: Path, samples: Path) -> None:
    """Write the reasons in the place of the synthesizer; DVC wants the rest to exist, too.

    The pictures of a training that failed on its way stay: they show how it went.
    """
    write_left_out(trained, reasons)
    write_csv(history, long_table([]))
    write_json(samples / LEFT_OUT, {"reasons": list(reasons)})
