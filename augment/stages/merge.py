"""Merge real and synthetic images into one training set."""

from pathlib import Path

from augment.core.stage import stage
from augment.core.store import read_image_set, write_image_set
from augment.merging.merge import merge as combine
from augment.merging.specs import MixSpec


@stage(spec="mixes.{mix}")
def merge(dataset: str, mix: str, spec: MixSpec, *, real: Path, synthetic: Path, merged: Path) -> None:
    """Write the container ``merged``."""
    originals, drawn = read_image_set(real), read_image_set(synthetic)
    both = combine(originals, drawn, spec)
    write_image_set(merged, both, {"stage": "merge", "dataset": dataset, "mix": mix, **spec.model_dump()})
    print(f"merge {dataset} {mix}: {len(originals)} real and {len(both) - len(originals)} synthetic images")
