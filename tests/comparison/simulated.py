"""Arms whose true accuracy is known, for tests and for benchmarks/error_rates.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from augment.comparison.arms import Arm
from augment.core.cells import Cells
from augment.core.images import IntArray
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.results.kinds import ArmKind

TRAIN_COUNTS = np.asarray([10, 10], dtype=np.int64)


def arm(train_set: str, recipe: str, hits: npt.NDArray[np.generic], val: float | Sequence[float]) -> Arm:
    """Make an arm of two-class predictions that hit where ``hits`` (R×N) is 1; all images are of the first class."""
    probabilities = np.stack([hits, 1 - hits], axis=-1).astype(np.float32)
    kind = ArmKind(train_set) if train_set in list(ArmKind) else ArmKind.MERGED
    return Arm(
        train_set=train_set,
        recipe=recipe,
        kind=kind,
        val_accuracy=np.broadcast_to(np.asarray(val, dtype=np.float64), len(hits)),
        predictions=Predictions(truth_of(hits.shape[1]), probabilities),
        train_counts=TRAIN_COUNTS,
        synthesizer=None if kind is ArmKind.REAL else "gan",
    )


@cache
def truth_of(images: int) -> GroundTruth:
    """Give the truth about test images that are all of the first of two classes."""
    return GroundTruth(classes=("a", "b"), labels=(0,) * images)


def random_hits(accuracy: float, seed: int, shape: tuple[int, int] = (5, 400)) -> npt.NDArray[np.float64]:
    """Draw hits that are all independent."""
    return (np.random.default_rng(seed).random(shape) < accuracy).astype(float)


CELLS = Cells(("x", "y"), ("a", "b"), np.asarray([[90, 5], [90, 90]]))
"""Training images of two classes from two groups: x is rare in b."""

RARE, RARE_ACCURACY = 30, 0.3
"""A cell is rare with fewer training images, a third of the largest cell's; what a classifier then reaches there."""

EMPTY = Cells(("x", "y"), ("a", "b"), np.asarray([[90, 0], [90, 90]]))
"""Training has no image of x from b, and so has val."""


def truth_in_cells(per_cell: Mapping[tuple[int, str], int]) -> GroundTruth:
    """Give the truth about so many test images of each class and group."""
    labels = [label for (label, _), count in per_cell.items() for _ in range(count)]
    groups = [group for (_, group), count in per_cell.items() for _ in range(count)]
    return GroundTruth(classes=("x", "y"), labels=tuple(labels), groups=tuple(groups))


UNEVEN = truth_in_cells({(0, "a"): 60, (0, "b"): 12, (1, "a"): 40, (1, "b"): 48})

STUDY_COUNTS = {(0, "a"): 70, (0, "b"): 70, (1, "a"): 70, (1, "b"): 70}
"""Test images of each cell, as many as benchmarks/studies/cells has."""

OF_STUDY = truth_in_cells(STUDY_COUNTS)


def arm_in_cells(
    train_set: str, hits: npt.NDArray[np.generic], truth: GroundTruth, val: float = 0.5, recipe: str = "plain"
) -> Arm:
    """Make an arm that hits where ``hits`` (R×N) is 1, on test images of two classes and several groups."""
    labels = np.asarray(truth.labels)
    probabilities = np.zeros((*hits.shape, 2), dtype=np.float32)
    np.put_along_axis(probabilities, np.where(hits.astype(bool), labels, 1 - labels)[:, :, None], 1.0, axis=2)
    return Arm(
        train_set=train_set,
        recipe=recipe,
        kind=ArmKind(train_set),
        val_accuracy=np.full(len(hits), 0.9),
        predictions=Predictions(truth, probabilities),
        train_counts=np.asarray([95, 180]),
        val_endpoint=np.full(len(hits), val),
        train_cells=CELLS,
    )


@dataclass(frozen=True)
class World:
    """How hits come about: an image is hit where a sum of normal effects is above 0 (a probit model).

    All spreads are standard deviations, in units of the effect of one run on one image.

    Attributes:
        runs: R.
        images: Test images.
        accuracy: True accuracy of the first arm, over all runs and images there could be.
        difficulty: Spread between images, common to all arms: what makes arms agree.
        disagreement: Spread between images that each arm has for itself: images it is better or worse at for good.
        instability: Spread between runs.
        val_images: Images to choose arms by.
        twins: Correlation of the same run's effects between arms, for sharing a seed.
        groups: Groups that the test images are of, and as many others that the val images are of; 0 for none.
        alike: Correlation of both effects of images between images of one group.
        uneven: Whether groups differ in size, as the quantiles of a log-normal distribution do, or are equally large.
    """

    runs: int = 5
    images: int = 450
    accuracy: float = 0.88
    difficulty: float = 1.5
    disagreement: float = 0.5
    instability: float = 0.15
    val_images: int = 300
    twins: float = 0.3
    groups: int = 0
    alike: float = 0.0
    uneven: bool = False

    def units(self) -> IntArray:
        """Number the group of each test image, shape (N,)."""
        return group_numbers(self.images, self.groups, uneven=self.uneven)


def group_numbers(images: int, groups: int, *, uneven: bool) -> IntArray:
    """Deal images to groups, each at least one image."""
    weights = np.exp(ndtri((np.arange(groups) + 0.5) / groups)) if uneven else np.ones(groups)
    own = np.searchsorted(np.cumsum(weights) / weights.sum(), (np.arange(images) + 0.5) / images)
    return np.minimum(own, groups - 1).astype(np.int64)


WORLDS: Mapping[str, World] = {
    "450 scarce images": World(),
    "nearly perfect": World(accuracy=0.99, disagreement=0.3, instability=0.05),
    "runs dominate": World(images=2000, accuracy=0.8, disagreement=0.2, instability=0.25, val_images=2000),
    "images dominate": World(accuracy=0.85, difficulty=1.0, disagreement=1.5, instability=0.03),
    "arms differ by noise alone": World(accuracy=0.85, difficulty=1.0, disagreement=0.0, instability=0.0),
    "2 seeds": World(runs=2),
    "3 seeds": World(runs=3),
    "10 seeds": World(runs=10),
    "60 test images": World(images=60, val_images=60),
}


def draw_hits(
    world: World, effects: Sequence[float] | npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Draw which arm is right in which run about which image.

    Args:
        world: How hits come about.
        effects: What each of A arms adds to the true accuracy; or each run of it, A×R.
        rng: Source of all draws.

    Returns:
        A×R×(val + test images).
    """
    arms, runs, images = len(effects), world.runs, world.val_images + world.images

    def paired(*shape: int) -> npt.NDArray[np.float32]:
        common, own = rng.standard_normal((1, *shape), np.float32), rng.standard_normal((arms, *shape), np.float32)
        return world.twins**0.5 * common + (1 - world.twins) ** 0.5 * own

    # The sum of the effects is normal, so that its spread turns an accuracy into a threshold.
    spread = (1 + world.difficulty**2 + world.disagreement**2 + world.instability**2) ** 0.5
    by_run = np.asarray(effects, dtype=np.float64).reshape(arms, -1)
    total = (ndtri(world.accuracy + by_run) * spread)[:, :, None].astype(np.float32)
    total = total + world.difficulty * _image_effects(world, 1, rng)
    total = total + world.disagreement * _image_effects(world, arms, rng)
    return total + world.instability * paired(runs, 1) + paired(runs, images) > 0


def _image_effects(world: World, arms: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw effects of variance 1 of val and test images, A×1×N."""
    effects = rng.standard_normal((arms, 1, world.val_images + world.images), np.float32)
    if not world.groups:
        return effects
    val = group_numbers(world.val_images, world.groups, uneven=world.uneven)
    own = np.concatenate([val, world.groups + world.units()])
    shared = rng.standard_normal((arms, 1, 2 * world.groups), np.float32)[:, :, own]
    return world.alike**0.5 * shared + (1 - world.alike) ** 0.5 * effects


def draw_difference(world: World, effect: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw the differences of two arms on test, R×N, the second truly better by ``effect``."""
    first, second = draw_hits(world, [0.0, effect], rng)[:, :, world.val_images :].astype(np.float64)
    return second - first


def draw_arms(
    world: World,
    real: int,
    merged: int,
    rng: np.random.Generator,
    effect: float = 0.0,
    recipes: Sequence[float] = (),
) -> list[Arm]:
    """Draw a whole comparison.

    Args:
        world: How hits come about.
        real: Number of real arms, each with a recipe of its own.
        merged: Number of merged arms; the first ones have the recipes of the real ones.
        rng: Source of all draws.
        effect: By how much all merged arms are truly better than the real one of their recipe.
        recipes: By how much each recipe is truly better than the accuracy of the world; nothing, if left out.
    """
    of_recipe = [*recipes, *[0.0] * max(real, merged)]
    effects = [*of_recipe[:real], *(effect + gain for gain in of_recipe[:merged])]
    hits = draw_hits(world, effects, rng).astype(np.float64)
    names = [("real", f"r{k}") for k in range(real)] + [("merged", f"r{k}") for k in range(merged)]
    split = world.val_images
    return [
        arm(*name, of_arm[:, split:], of_arm[:, :split].mean(axis=1).tolist())
        for name, of_arm in zip(names, hits, strict=True)
    ]


def draw_searched(world: World, tried: int, searches: int, rng: np.random.Generator) -> list[Arm]:
    """Draw a comparison whose recipe or mix was searched on val before; nothing is worth anything.

    Args:
        world: How hits come about.
        tried: Settings that were tried. Two runs of each, of seeds of their own, say what val thinks of it.
        searches: 1 for a mix that was searched, beside the plain real arm; 2 for a recipe that real and merged arms
            share with it, each beside the plain one.
        rng: Source of all draws.
    """
    looked = replace(world, runs=world.runs + 2)
    hits = draw_hits(looked, [0.0] * (searches + tried + searches - 1), rng).astype(np.float64)
    val = hits[:, :, : world.val_images]
    best = searches + int(val[searches : searches + tried, -2:].mean(axis=(1, 2)).argmax())
    # A searched recipe is searched on real images; what it does on merged ones nobody has looked at.
    chosen = {("real", "plain"): 0, ("merged", "plain"): best}
    if searches == 2:
        chosen = {("real", "plain"): 0, ("merged", "plain"): 1, ("real", "tuned"): best, ("merged", "tuned"): -1}
    runs = world.runs
    return [
        arm(*name, hits[k, :runs, world.val_images :], val[k, :runs].mean(axis=1).tolist())
        for name, k in chosen.items()
    ]


def draw_in_cells(world: World, merged: int, rng: np.random.Generator, effect: float = 0.0) -> list[Arm]:
    """Draw a real arm and merged ones that are truly better by ``effect`` in every cell of `UNEVEN`."""
    hits = draw_hits(world, [0.0, *[effect] * merged], rng)
    val, test = hits[:, :, : world.val_images].mean(axis=(1, 2)), hits[:, :, world.val_images :]
    arms = [arm_in_cells("real", test[0], UNEVEN, val[0])]
    return arms + [arm_in_cells("merged", test[k], UNEVEN, val[k], f"r{k}") for k in range(1, merged + 1)]


STUDY_WORLD = World(runs=3, val_images=100)
STUDY_RECIPES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
"""What seven recipes are truly worth in a rare cell."""


def draw_study(
    world: World, recipes: Sequence[float], train: Cells, rng: np.random.Generator, gain: float = 0.0
) -> list[Arm]:
    """Draw real and merged arms on the cells of a study; a run may be lucky in one cell and unlucky in another.

    Args:
        world: How hits come about in each cell; its run effects are drawn anew for each.
        recipes: By how much each recipe is truly better in the rare cells, on real and on merged images alike.
        train: Real training images of each cell; val has images of the cells that have one.
        rng: Source of all draws.
        gain: By how much filling is truly worth more, there too.
    """
    none = [0.0] * len(recipes)
    in_rare = [*recipes, *(gain + recipe for recipe in recipes)]
    test, val = [], []
    for (label, group), images in STUDY_COUNTS.items():
        count = train.counts[label, train.groups.index(group)]
        of_cell = replace(world, images=images, val_images=world.val_images // len(STUDY_COUNTS))
        if count < RARE:
            drawn = draw_hits(replace(of_cell, accuracy=RARE_ACCURACY), in_rare, rng)
        else:
            drawn = draw_hits(of_cell, none + none, rng)
        test.append(drawn[:, :, of_cell.val_images :])
        if count:
            val.append(drawn[:, :, : of_cell.val_images])
    hits, seen = np.concatenate(test, axis=2), np.concatenate(val, axis=2).mean(axis=(1, 2))
    names = [(kind, f"r{k}") for kind in ("real", "merged") for k in range(len(recipes))]
    drawn_arms = (arm_in_cells(names[k][0], hits[k], OF_STUDY, seen[k], names[k][1]) for k in range(len(names)))
    return [replace(each, train_cells=train) for each in drawn_arms]
