"""Images that no two splits may share: of one group, near copies of one picture, or linked by both."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from augment.core.errors import DataError
from augment.core.images import IntArray
from augment.core.text import counted, listed
from augment.datasets.near import near_pairs
from augment.datasets.raw import RawImages
from augment.datasets.split_spec import SplitSpec


def blocks_together(raw: RawImages, spec: SplitSpec, rows: IntArray, seed: int) -> IntArray | None:
    """Number the blocks of images that stay together.

    Args:
        raw: The images.
        spec: What keeps together.
        rows: Images to deal, ascending.
        seed: The project's.

    Returns:
        int64, shape (N,) as ``raw``: two images of one number stay together; others than ``rows`` have -1. None where
        nothing is kept together.

    Raises:
        DataError: Groups are to stay together, and the source tells none.
    """
    kept = spec.together()
    if not kept:
        return None
    pairs = [np.empty((0, 2), dtype=np.int64)]
    if "group" in kept:
        if raw.groups is None:
            raise DataError("split.keep_together: group, but this source tells no groups; see docs/datasets.md")
        _, numbers = np.unique(raw.groups[rows], return_inverse=True)
        order = np.argsort(numbers, kind="stable")
        same = numbers[order][1:] == numbers[order][:-1]
        pairs.append(np.stack([rows[order][:-1][same], rows[order][1:][same]], axis=1))
    if "near_copies" in kept:
        pairs.append(near_pairs(raw.images, rows, seed))
    return _components(np.concatenate(pairs), rows, len(raw.labels))


def _components(pairs: IntArray, rows: IntArray, count: int) -> IntArray:
    """Number the sets of rows that pairs link, directly or through others."""
    links = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    numbers = connected_components(links, directed=False)[1].astype(np.int64)
    blocks = np.full(count, -1, dtype=np.int64)
    blocks[rows] = np.unique(numbers[rows], return_inverse=True)[1]
    return blocks


def refuse_leaks(raw: RawImages, blocks: IntArray, parts: dict[str, IntArray]) -> None:
    """Refuse splits that share a block, as they may where the source or the settings name what one of them holds.

    Args:
        raw: The images.
        blocks: See `blocks_together`.
        parts: Split → its rows.

    Raises:
        DataError: Some block stands in two splits; the message shows images of some.
    """
    first: dict[int, tuple[str, int]] = {}
    leaks: dict[int, str] = {}
    for name, rows in parts.items():
        for row, block in zip(rows.tolist(), blocks[rows].tolist(), strict=True):
            where, other = first.setdefault(block, (name, row))
            if where != name:
                group = f" (group {raw.groups[row]})" if raw.groups is not None else ""
                leaks.setdefault(block, f"{raw.name(other)} in {where} and {raw.name(row)} in {name}{group}")
    if leaks:
        raise DataError(
            f"split: {counted(len(leaks), 'set')} of images to keep together, as keep_together says, in two splits: "
            f"{listed(leaks.values(), '; ')}. Move them into one split, or deal them here: a share for split.val and "
            "split.test"
        )
