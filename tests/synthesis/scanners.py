"""Images of the same classes, taken by several scanners."""

import numpy as np

from augment.core.images import ImageSet, make_image_set


def two_scanners(cells: dict[tuple[int, str], int], light: float = 0.5) -> ImageSet:
    """Make so many images of each cell, whose class is the bright half; all scanners but a take in less light."""
    rng = np.random.default_rng(0)
    images, labels, groups = [], [], []
    for (label, group), count in cells.items():
        for _ in range(count):
            image = rng.normal(60, 10, (1, 8, 8))
            image[:, 4 * label : 4 * label + 4] += 120
            images.append(image if group == "a" else image * light)
            labels.append(label)
            groups.append(group)
    found = make_image_set(np.rint(np.clip(images, 0, 255)).astype(np.uint8), labels, ["top", "bottom"])
    found.manifest["group"] = groups
    return found
