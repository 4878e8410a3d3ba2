"""The merge of real and synthetic images."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from augment.core.cells import cell_numbers, count_cells, group_names
from augment.core.errors import LeftOutError
from augment.core.generators import rows_by_generator
from augment.core.images import ImageSet, IntArray, concatenate, first_rows, require_alike
from augment.core.text import counted
from augment.merging.filters import KEPT, REASONS, attach_scores, drop_reasons
from augment.merging.mix_spec import AutoMixSpec, MixSpec


class Account(NamedTuple):
    """What became of every synthetic image; the last three sum to the first.

    Attributes:
        drawn: All of them.
        dropped: Those left out, by reason; see `augment.merging.filters.REASONS`.
        surplus: Those that pass the filter, but are more than the mix asks for.
        added: Those in the result.
    """

    drawn: int
    dropped: dict[str, int]
    surplus: int
    added: int

    @classmethod
    def of_all(cls, each: Sequence["Account"]) -> "Account":
        """Add accounts up."""
        dropped = {reason: sum(account.dropped[reason] for account in each) for reason in REASONS}
        return cls(sum(a.drawn for a in each), dropped, sum(a.surplus for a in each), sum(a.added for a in each))

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return self._asdict()

    def summary(self) -> str:
        """Say it in one line."""
        return f"{self.added} of {self.drawn} synthetic ones; dropped: {_listed(self.dropped)}; surplus: {self.surplus}"


class Merged(NamedTuple):
    """A training set, and what became of every synthetic image.

    Attributes:
        parts: Image sets, the real one first, and which of their rows: pixels are copied where they are needed alone.
            Besides provenance the manifests have ``weight``, and the scores of synthetic rows.
        account: Of the synthetic images.
    """

    parts: tuple[tuple[ImageSet, IntArray], ...]
    account: Account

    def images(self) -> ImageSet:
        """Put them together in memory."""
        return reduce(concatenate, (images.select(rows) for images, rows in self.parts))

    def summary(self) -> str:
        """Say in one line what is in it."""
        real = sum(len(rows) for _, rows in self.parts) - self.account.added
        return f"{real} real images and {self.account.summary()}"

    def manifest(self) -> pd.DataFrame:
        """Give the manifest that `images` has."""
        return pd.concat([images.manifest.iloc[rows] for images, rows in self.parts], ignore_index=True)


def merge(real: ImageSet, synthetic: ImageSet, scores: pd.DataFrame, spec: MixSpec) -> Merged:
    """Filter synthetic images and put as many behind the real ones as the mix asks for.

    Of each class the first that pass the filter are taken, so that a smaller set is a subset of a larger one. At
    share 1 the result is all that pass, alone; see `cell_additions` for cells. Where the images are those of several
    generators, each adds what the mix asks for: a run learns from one of them, see `for_run`.

    Args:
        real: Real images.
        synthetic: Synthetic images of the same classes.
        scores: One row a synthetic image, see `augment.merging.filters.SCORES`.
        spec: What to leave out, how many to add, how much they count.

    Raises:
        LeftOutError: Too few synthetic images of a class, or cells are to be filled and there are none.
        DataError: The sets do not fit together.
    """
    require_alike(real, synthetic, "cannot merge")
    scored = attach_scores(synthetic, scores)
    of_each = rows_by_generator(scored)
    if len(of_each) <= 1:
        chosen = [_chosen(real, scored, spec)]
    else:
        found = [(own, *_chosen(real, scored.select(own), spec)) for own in of_each]
        chosen = [(own[rows], account) for own, rows, account in found]
    none = [number for number, (_, account) in enumerate(chosen, 1) if not account.added]
    if 0 < len(none) < len(chosen):  # no run could be told apart from those of the other generators
        raise LeftOutError(
            f"generator {', '.join(map(str, none))} of {len(chosen)}: none of its images passes the filter or is asked "
            "for, some of the others' are; raise synthesis.per_class, or set generators to 1"
        )
    weighted = _weighted(scored, spec.weight)
    added = [(weighted, rows) for rows, _ in chosen]
    originals = [] if spec.synthetic_only else [_all_of(real)]
    return Merged((*originals, *added), Account.of_all([account for _, account in chosen]))


def _chosen(real: ImageSet, scored: ImageSet, spec: MixSpec) -> tuple[IntArray, Account]:
    """Choose rows of one generator's images, and account for all of them."""
    reasons = drop_reasons(real, scored, spec.filter)
    dropped = {reason: int((reasons == reason).sum()) for reason in REASONS}
    good = np.flatnonzero(reasons == KEPT)
    labels = scored.labels[good]
    if spec.fill == "cells":
        added = good[cell_additions(real, scored, good)]
    elif spec.synthetic_only:
        _expect_enough(np.ones(len(real.classes), dtype=np.int64), labels, scored, real, dropped, spec)
        added = good
    else:
        wanted = additions(real.class_counts(), spec)
        _expect_enough(wanted, labels, scored, real, dropped, spec)
        added = good[first_rows(labels, wanted)]
    return added, Account(len(scored), dropped, surplus=len(good) - len(added), added=len(added))


def candidates(real: ImageSet, synthetic: ImageSet, scores: pd.DataFrame, spec: AutoMixSpec) -> dict[float, Merged]:
    """Merge at every share that is to be chosen from; at 0 the set is all real.

    Args:
        real: Real images.
        synthetic: Synthetic images of the same classes.
        scores: See `merge`.
        spec: The shares, and the filter and weight that they have in common.

    Raises:
        LeftOutError: See `merge`.
        DataError: See `merge`.
    """
    sets = {share: merge(real, synthetic, scores, spec.at(share)) for share in spec.shares if share}
    good = next(iter(sets.values())).account
    none = Account(good.drawn, good.dropped, surplus=good.surplus + good.added, added=0)
    return {share: sets.get(share, Merged((_all_of(real),), none)) for share in spec.shares}


def refuse_failed(failures: Sequence[str], synthesizer: str, mix: str) -> None:
    """Stop a merge with images of a synthesizer that failed its checks.

    Args:
        failures: A sentence each.
        synthesizer: Its name.
        mix: The mix's key in ``params.yaml``, e.g. ``mixes.merged``.

    Raises:
        LeftOutError: There are failures; its reasons tell each, and what can be done.
    """
    if failures:
        raise LeftOutError(
            f"{mix}: the images of synthesizer {synthesizer} failed {counted(len(failures), 'check')}, expected none",
            *failures,
            f"what to try: train longer or otherwise, or set {mix}.allow_failed: true to merge them as they are",
        )


def additions(real_counts: IntArray, spec: MixSpec) -> IntArray:
    """Count the synthetic images that each class needs, shape (K,).

    A share s of the total takes n·s / (1 - s) of them beside n real ones, to the nearest; filling takes what is
    missing, and nothing where nothing is.

    Args:
        real_counts: n of each class, shape (K,).
        spec: A mix with real images.
    """
    if spec.share is not None:
        return np.rint(real_counts * spec.share / (1.0 - spec.share)).astype(np.int64)
    full = spec.fill if isinstance(spec.fill, int) else real_counts.max()  # "largest"
    return np.maximum(full - real_counts, 0)


def cell_additions(real: ImageSet, synthetic: ImageSet, good: IntArray) -> IntArray:
    """Choose the synthetic images that bring each cell of class and group up to the largest, cell after cell.

    A cell takes all there are where they do not suffice: as many different translations of an image there are not.

    Args:
        real: Real images with groups.
        synthetic: Synthetic images with groups.
        good: Which of them may be taken, int64.

    Returns:
        int64, places in ``good``.

    Raises:
        LeftOutError: Either side has no groups.
    """
    groups = group_names(real)
    if not groups:
        raise LeftOutError("fill cells: expected real images with groups, found none; see the source's setting groups")
    numbers = cell_numbers(synthetic, groups)[good]
    if (numbers < 0).any():
        raise LeftOutError(
            "fill cells: expected synthetic images with the groups of the real ones; take a synthesizer that "
            "translates between groups, such as transport (docs/synthesizers.md)"
        )
    return first_rows(numbers, count_cells(real, groups).missing().flatten())


def _all_of(real: ImageSet) -> tuple[ImageSet, IntArray]:
    return _weighted(real, 1.0), np.arange(len(real), dtype=np.int64)


def _weighted(images: ImageSet, weight: float) -> ImageSet:
    return ImageSet(images.images, images.manifest.assign(weight=weight), images.classes)


def _listed(dropped: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count) or "none"


def _expect_enough(
    wanted: IntArray, good: IntArray, synthetic: ImageSet, real: ImageSet, dropped: Mapping[str, int], spec: MixSpec
) -> None:
    drawn, left = synthetic.class_counts(), np.bincount(good, minlength=len(synthetic.classes))
    short = np.flatnonzero(left < wanted)
    if not len(short):
        return
    named = ", ".join(f"{synthetic.classes[k]} ({left[k]} of {wanted[k]})" for k in short)
    amount = f"share {spec.share}" if spec.share is not None else f"fill {spec.fill}"
    single = [synthetic.classes[k] for k in short if left[k] == 0 and real.class_counts()[k] == 1]
    if single:
        mend = f"a single train image of {', '.join(single)} shows nothing to vary: add images of it, or leave it out"
    elif (left[short] == 0).any():
        mend = "no number of images mends a class of which none passes: look at the images, or at the mix's filter"
    else:
        # As if the filter went on leaving out the same part of each class.
        enough = max(math.ceil(drawn[k] * wanted[k] / left[k]) for k in short)
        mend = f"raise synthesis.per_class to {enough}, or ask for less"
    raise LeftOutError(
        f"{amount}: too few synthetic images of {named} pass the filter (dropped: {_listed(dropped)}); {mend}"
    )
