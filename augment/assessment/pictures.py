"""Pictures of image sets, to look at beside the figures."""

import numpy as np
from PIL import Image, ImageDraw

from augment.core.images import SOURCE, ImageSet, IntArray, UInt8Array, tile
from augment.quality.neighbours import Nearest

COLUMNS, MOST_ROWS, WIDTH = 8, 20, 1000
"""Images a class and side, most classes shown, and the picture's width in pixels, about."""

PAIRS = 6


def real_beside_synthetic(real: ImageSet, synthetic: ImageSet) -> UInt8Array:
    """Draw one row a class: real images on the left, synthetic ones on the right of a white gap.

    Of translations the real images are those that they were made of, in the same order: "image → as the other source
    would have taken it".

    Returns:
        uint8, H'×W' for grey and H'×W'×3 for RGB.
    """
    rows = min(len(real.classes), MOST_ROWS)
    scale = max(1, WIDTH // (2 * COLUMNS * real.shape[2]))
    shown = _columns(synthetic, rows)
    originals = _columns(real, rows) if SOURCE not in synthetic.manifest else _sources(synthetic, shown, real)
    parts = (real.images[originals], synthetic.images[shown])
    halves = [tile(part, rows, COLUMNS, scale=scale) for part in parts]
    gap = np.full((halves[0].shape[0], 3 * scale, *halves[0].shape[2:]), 255, dtype=np.uint8)
    return np.concatenate([halves[0], gap, halves[1]], axis=1)


def beside_nearest(synthetic: ImageSet, train: ImageSet, neighbours: Nearest) -> UInt8Array:
    """Draw the likeliest copies, one row a class: pairs of a synthetic image and its nearest training image.

    The two of a pair touch, the synthetic one on the left. Of each class the synthetic images nearest to train, the
    nearest first: if these are no copies, none is.

    Args:
        synthetic: Synthetic images.
        train: Training images.
        neighbours: For each synthetic image its nearest training image.

    Returns:
        uint8, H'×W' for grey and H'×W'×3 for RGB.
    """
    rows = min(len(synthetic.classes), MOST_ROWS)
    order = np.argsort(neighbours.distance, kind="stable")
    shown = np.concatenate([_repeat(order[synthetic.labels[order] == label], PAIRS) for label in range(rows)])
    pairs = np.concatenate([synthetic.images[shown], train.images[neighbours.row[shown]]], axis=3)
    scale = max(1, WIDTH // (2 * PAIRS * synthetic.shape[2]))
    return tile(pairs, rows, PAIRS, gap=2, scale=scale)


def notice(text: str) -> UInt8Array:
    """Write a line in the place of a picture that cannot be drawn: uint8, H'×W', grey."""
    picture = Image.new("L", (12 + 7 * len(text), 36), 255)
    ImageDraw.Draw(picture).text((8, 12), text, fill=0)
    return np.asarray(picture)


def _columns(part: ImageSet, rows: int) -> IntArray:
    """Choose as many images of each class as the grid has columns."""
    return np.concatenate([_repeat(np.flatnonzero(part.labels == label), COLUMNS) for label in range(rows)])


def _sources(synthetic: ImageSet, shown: IntArray, real: ImageSet) -> IntArray:
    """Find the real image that each of some translations was made of."""
    row_of = {content: row for row, content in enumerate(real.manifest["content_hash"])}
    return np.asarray([row_of[source] for source in synthetic.manifest[SOURCE].iloc[shown]], dtype=np.int64)


def _repeat(rows: IntArray, count: int) -> IntArray:
    """Take the first ``count`` rows, from the first again where there are fewer."""
    return np.resize(rows, count)
