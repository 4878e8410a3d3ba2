"""Merge real and synthetic images into one training set."""

from pathlib import Path

from augment.core.stage import stage
from augment.core.store import read_image_set, read_json, write_image_set
from augment.merging.merge import merge as combine
from augment.merging.merge import refuse_failed
from augment.merging.specs import MixSpec


@stage(spec="mixes.{mix}")
def merge(dataset: str, mix: str, spec: MixSpec, *, real: Path, synthetic: Path, quality: Path, merged: Path) -> None:
    """Write the container ``merged``.

    ``synthetic`` and ``quality`` have one entry a synthesizer: which one is a setting, that DVC cannot look up.
    """
    if not spec.allow_failed:
        failures = read_json(quality / spec.synthesizer / "quality.json")["failures"]
        refuse_failed(failures, spec.synthesizer, mix)
    originals, drawn = read_image_set(real), read_image_set(synthetic / spec.synthesizer)
    both = combine(originals, drawn, spec)
    write_image_set(merged, both, {"stage": "merge", "dataset": dataset, "mix": mix, **spec.model_dump()})
    counts = both.manifest["origin"].value_counts()
    print(f"merge {dataset} {mix}: {counts.get('real', 0)} real and {counts.get('synthetic', 0)} synthetic images")
