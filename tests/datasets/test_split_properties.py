"""Splits of sets with groups, copies, near copies and disputed pictures: what must hold of every one of them."""

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from augment.core.images import UInt8Array
from augment.datasets.checks import distinct
from augment.datasets.raw import RawImages
from augment.datasets.split_spec import SplitSpec, Together
from augment.datasets.splits import split_rows

CLASSES, SINGLE, SHARE = ("a", "b", "c"), 12, 0.25
KEPT: list[list[Together]] = [["near_copies"], ["group"], ["group", "near_copies"], []]


class Picture(NamedTuple):
    """One picture, and how often it is there: as it is, nearly, and under another label."""

    label: int
    group: int
    copies: int
    near: int
    disputed: bool


@st.composite
def pictures(draw: st.DrawFn) -> list[Picture]:
    """Draw groups of one class each, of a few pictures; and of each class some pictures alone, to meet its share."""
    found = []
    for group in range(draw(st.integers(3, 12))):
        label = draw(st.integers(0, 2))
        for _ in range(draw(st.integers(1, 2))):
            copies, near = draw(st.integers(0, 2)), draw(st.integers(0, 2))
            found.append(Picture(label, group, copies, near, draw(st.booleans())))
    alone = [Picture(number % 3, 100 + number, 0, 0, disputed=False) for number in range(3 * SINGLE)]
    return [*found, *alone]


def written(found: list[Picture], seed: int) -> tuple[RawImages, list[int]]:
    """Make the images, in any order, and tell which picture each shows."""
    rng = np.random.default_rng(seed)
    images, rows = list[UInt8Array](), list[tuple[int, int, int]]()
    for number, picture in enumerate(found):
        pixels = rng.integers(8, 248, (1, 8, 8), dtype=np.uint8)
        shown = [pixels] * (1 + picture.copies)
        shown += [(pixels + rng.choice([-3, 3], pixels.shape)).astype(np.uint8) for _ in range(picture.near)]
        images += shown
        rows += [(picture.label, picture.group, number)] * len(shown)
        if picture.disputed:
            images.append(pixels)
            rows.append(((picture.label + 1) % 3, picture.group, number))
    order = rng.permutation(len(rows))
    labels, groups, numbers = np.asarray(rows)[order].T
    names = np.asarray([f"g{group}" for group in groups])
    return RawImages(np.stack(images)[order], labels.astype(np.int64), CLASSES, groups=names), numbers.tolist()


@given(pictures(), st.sampled_from(KEPT), st.integers(0, 2**31))
@settings(max_examples=150)
def test_nothing_that_belongs_together_parts_and_every_class_has_its_share(
    found: list[Picture], keep: list[Together], seed: int
) -> None:
    raw, shows = written(found, seed)
    kept = distinct(raw).rows
    split = vars(split_rows(raw, SplitSpec(val=SHARE, test=SHARE, keep_together=keep), seed, kept))
    assert sorted(np.concatenate(list(split.values())).tolist()) == kept.tolist()

    # Of a picture that is there several times one image is dealt, and none where its label is disputed.
    pixels = [raw.images[row].tobytes() for row in range(len(raw.labels))]
    labels_of: dict[bytes, set[int]] = {}
    for each, label in zip(pixels, raw.labels.tolist(), strict=True):
        labels_of.setdefault(each, set()).add(label)
    assert sorted(pixels[row] for row in kept) == sorted(each for each, own in labels_of.items() if len(own) == 1)

    where = {row: name for name, rows in split.items() for row in rows.tolist()}
    assert raw.groups is not None
    if "near_copies" in keep:
        assert len({(shows[row], name) for row, name in where.items()}) == len({shows[row] for row in where})
    if "group" in keep:
        assert len({(raw.groups[row], name) for row, name in where.items()}) == len({raw.groups[row] for row in where})

    dealt = {name: np.bincount(raw.labels[rows], minlength=3) for name, rows in split.items()}
    left = dealt["train"] + dealt["val"] + dealt["test"]
    for name in ("test", "val"):
        ideal = left * np.ceil(SHARE * left.sum()) / left.sum()
        assert np.abs(dealt[name] - ideal).max() <= 1 + 1e-9
        left = left - dealt[name]
