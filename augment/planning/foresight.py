"""What stands in a dataset's way as far as its counts tell: said before a run, and not after hours of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from augment.core.errors import DataError
from augment.core.images import IntArray
from augment.core.text import listed
from augment.datasets.account import small
from augment.datasets.checks import MIN_CLASSES, almost_same
from augment.datasets.split_spec import SplitSpec
from augment.datasets.splits import scarce, split_rows
from augment.merging.merge import additions
from augment.planning.facts import what_is_told
from augment.settings import Settings


def foreseen(settings: Settings, name: str, raw: Path) -> list[str]:
    """Say what a run will stumble over, a sentence each. Reads no pixel, and so knows of no duplicates.

    Args:
        settings: All settings.
        name: The dataset.
        raw: Its raw folder.

    Raises:
        DataError: `prepare` will refuse the dataset, for this reason.
    """
    classes, dealt = _dealt(settings, name, raw)
    by_class = {each: {part: int(counts[k]) for part, counts in dealt.items()} for k, each in enumerate(classes)}
    alike = [f"classes whose names are almost the same: {listed(names)}" for names in almost_same(classes)]
    return [*alike, *small(by_class), *_mixes(settings, name, classes, dealt["train"])]


def idle_mixes(settings: Settings, name: str, raw: Path) -> list[str]:
    """Name the mixes that would add nothing to a dataset, or next to nothing; see `foreseen`."""
    train = _dealt(settings, name, raw)[1]["train"]
    mixed = {mix: spec for mix, spec in settings.mixes.items() if not spec.synthetic_only}
    return [mix for mix, spec in mixed.items() if additions(train, spec).sum() < HARDLY_ANY * train.sum()]


HARDLY_ANY = 0.05
"""Of the training images: fewer added show nothing. Equal classes are dealt to splits an image more or less."""


def _dealt(settings: Settings, name: str, raw: Path) -> tuple[tuple[str, ...], dict[str, IntArray]]:
    """Give the classes, and split → images of each."""
    spec = settings.datasets[name]
    found = what_is_told(spec.source, raw)
    if len(found.classes) < MIN_CLASSES:
        raise DataError(f"expected at least {MIN_CLASSES} classes, found {listed(found.classes) or 'none'}")
    # Labels, groups and splits of the images, but no pixels.
    unseen = found.of(np.broadcast_to(np.uint8(0), (len(found.labels), 1, 1, 1)))
    split, kept = scarce(unseen, split_rows(unseen, _by_names(spec.split), settings.seed), spec.scarcity, settings.seed)
    dealt = {
        part: np.bincount(found.labels[rows], minlength=len(found.classes)).astype(np.int64)
        for part, rows in (("train", kept), ("val", split.val), ("test", split.test))
    }
    return found.classes, dealt


def _by_names(spec: SplitSpec) -> SplitSpec:
    """Leave out what only pixels tell."""
    return spec.model_copy(update={"keep_together": sorted(spec.together() - {"near_copies"})})


def _mixes(settings: Settings, name: str, classes: tuple[str, ...], train: IntArray) -> Iterator[str]:
    """Say which mixes will add nothing, or ask for more synthetic images than are drawn."""
    drawn = settings.datasets[name].synthesis.per_class
    for mix, spec in settings.mixes.items():
        if mix not in settings.arms.train_sets or spec.synthetic_only:
            continue
        wanted = additions(train, spec)
        short = [f"{classes[k]} ({wanted[k]})" for k in np.flatnonzero(wanted > drawn)]
        if short:
            yield (
                f"mixes.{mix} asks for more synthetic images of {listed(short)} than datasets.{name}.synthesis."
                f"per_class draws ({drawn}), and will be left out: raise that to {wanted.max()}, or ask for less"
            )
        if not wanted.any():
            least = f"{train.min()} or more" if train.min() < train.max() else str(train.max())
            yield (
                f"mixes.{mix} will add nothing: every class has {least} train images, and `fill: {spec.fill}` asks for "
                "no more. Give it a `share`"
            )
