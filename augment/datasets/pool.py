"""Images without labels: which of them may be learnt from beside a training set."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from augment.core.errors import DataError
from augment.core.images import HashArray, IntArray, content_hashes
from augment.core.seeding import numpy_generator
from augment.core.text import counted
from augment.datasets.checks import Distinct
from augment.datasets.near import measure, near_others
from augment.datasets.raw import RawImages, Unlabelled
from augment.datasets.split_spec import ByClass, NamedGroups, Scarcity, SplitSpec
from augment.datasets.splits import Split


class Kept(NamedTuple):
    """What is left of the images without labels.

    Attributes:
        pool: They all.
        rows: Of those that are kept, ascending, int64.
        hashes: SHA-256 of every image; see `content_hashes`.
        account: What became of how many: ``read``; ``copies`` of others of them; those that are, or nearly are, an
            image ``in_test``, ``in_val`` or ``in_train``; those ``of_their_groups``, of which val or test has images
            and training may have none; ``kept``.
        warnings: What may make a result wrong.
    """

    pool: Unlabelled
    rows: IntArray
    hashes: HashArray
    account: dict[str, int]
    warnings: list[str]


def pool_beside(
    everything: RawImages,
    found: Distinct,
    split: Split,
    train: IntArray,
    scarcity: Scarcity,
    spec: SplitSpec,
    seed: int,
) -> Kept | None:
    """Find the images without labels that training may see: none that is one of val or test, or nearly one.

    An image of the training set itself is of no use there, and is left out, too.

    Args:
        everything: What the source gave.
        found: Its images' hashes.
        split: Rows of the splits.
        train: Those that the scarce train split keeps.
        scarcity: How many of the others stay, without their labels.
        spec: What no two splits share.
        seed: The project's.

    Returns:
        None where there is no image without a label.

    Raises:
        DataError: More images are to stay than are thinned out, or none is left.
    """
    more = scarcity.unlabelled if isinstance(scarcity, ByClass) else 0
    pool = _with_thinned(everything, np.setdiff1d(split.train, train), more, seed)
    if pool is None:
        return None
    hashes = content_hashes(pool.images)
    free = np.zeros(len(hashes), dtype=bool)
    free[np.unique(hashes, return_index=True)[1]] = True
    account = {"read": len(hashes), "copies": int((~free).sum())}
    scale = measure(everything.images, found.rows, seed)
    for name, rows in {"test": split.test, "val": split.val, "train": train}.items():
        known = np.isin(hashes, found.hashes[rows])
        known |= near_others(pool.images, everything.images, rows, scale)
        account[f"in_{name}"] = int((free & known).sum())
        free &= ~known
    apart = _groups_apart(everything, split, spec)
    warnings: list[str] = []
    if apart and pool.groups is None:
        warnings.append(
            "nothing tells the groups of the images without labels: some may be of groups that val and test keep to "
            "themselves"
        )
    elif apart and pool.groups is not None:
        theirs = np.isin(pool.groups, sorted(apart))
        account["of_their_groups"] = int((free & theirs).sum())
        free &= ~theirs
    account["kept"] = int(free.sum())
    if not free.any():
        raise DataError(f"images without labels: expected some beside the labelled ones, found none: {told(account)}")
    return Kept(pool, np.flatnonzero(free), hashes, account, warnings)


def _with_thinned(everything: RawImages, thinned: IntArray, count: int, seed: int) -> Unlabelled | None:
    """Add ``count`` of the labelled images that the train split does not keep, drawn at random."""
    own = everything.unlabelled
    if not count:
        return own
    if count > len(thinned):
        raise DataError(f"scarcity.unlabelled: expected at most the {len(thinned)} images thinned out, found {count}")
    rows = np.sort(numpy_generator(seed, "scarcity", "unlabelled").permutation(thinned)[:count])
    names = np.asarray([everything.name(row) for row in rows])
    more = Unlabelled(everything.images[rows], names, None if everything.groups is None else everything.groups[rows])
    if own is None:
        return more
    groups = None if own.groups is None or more.groups is None else np.concatenate([own.groups, more.groups])
    return Unlabelled(np.concatenate([own.images, more.images]), np.concatenate([own.names, more.names]), groups)


def _groups_apart(everything: RawImages, split: Split, spec: SplitSpec) -> set[str]:
    """Name the groups of which training is to see nothing."""
    together = "group" in spec.together()
    parts = {"val": (spec.val, split.val), "test": (spec.test, split.test)}
    rows = [rows for size, rows in parts.values() if together or isinstance(size, NamedGroups)]
    return set() if everything.groups is None or not rows else set(everything.groups[np.concatenate(rows)].tolist())


def told(account: dict[str, int]) -> str:
    """Say in words what became of the images."""
    return f"{counted(account['read'], 'image')} without a label" + "".join(_left_out(account))


def _left_out(account: dict[str, int]) -> Iterator[str]:
    said = {
        "copies": "copies of others of them",
        "in_test": "in test, or near copies of images there",
        "in_val": "in val, or near copies of images there",
        "in_train": "in train, or near copies of images there",
        "of_their_groups": "of groups that val and test keep to themselves",
    }
    return (f", {account[name]} left out: {words}" for name, words in said.items() if account.get(name))
