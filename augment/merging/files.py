"""Reads what a merge takes of a synthesizer, and writes what comes of it."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from augment.core.container import read_image_set, write_images
from augment.core.images import ImageSet
from augment.core.paths import PathPattern
from augment.core.store import read_json, read_parquet
from augment.merging.merge import Merged, refuse_failed
from augment.merging.mix_spec import AutoMixSpec, MixSpec


def write_merged(path: Path, merged: Merged, made_by: dict[str, Any]) -> None:
    """Write the container of a training set; see `augment.core.container.write_image_set`."""
    parts = [(images.images, rows) for images, rows in merged.parts]
    write_images(path, parts, merged.manifest(), merged.parts[0][0].classes, made_by)


class Drawn(NamedTuple):
    """Synthetic images, and one row of scores an image: see `augment.merging.filters.SCORES`."""

    images: ImageSet
    scores: pd.DataFrame


def read_drawn(
    spec: MixSpec | AutoMixSpec, key: str, *, synthetic: PathPattern, quality: PathPattern, scores: PathPattern
) -> Drawn:
    """Read the images that a mix takes, unless they failed their checks and the mix does not allow that.

    Args:
        spec: The mix.
        key: Its key in ``params.yaml``, e.g. ``mixes.merged``.
        synthetic: With the blank ``{synthesizer}``, as are the rest: whose images a mix takes is a setting,
            that DVC cannot look up.
        quality: Of what says which checks failed.
        scores: Of the images' scores.

    Raises:
        LeftOutError: The images failed checks, see `refuse_failed`, or could not be made.
        ContainerError: A file is missing or broken.
    """
    if not spec.allow_failed:
        failures = read_json(quality.at(synthesizer=spec.synthesizer))["failures"]
        refuse_failed(failures, spec.synthesizer, key)
    return Drawn(
        read_image_set(synthetic.at(synthesizer=spec.synthesizer)),
        read_parquet(scores.at(synthesizer=spec.synthesizer)),
    )
