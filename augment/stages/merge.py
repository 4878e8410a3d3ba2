"""Merge real and synthetic images into one training set."""

from pathlib import Path

from augment.core.stage import stage
from augment.core.store import read_image_set, read_json, read_parquet, write_image_set
from augment.merging.merge import merge as combine
from augment.merging.merge import refuse_failed
from augment.merging.specs import MixSpec


@stage(spec="mixes.{mix}")
def merge(dataset: str, mix: str, spec: MixSpec, *, real: Path, synthetic: Path, quality: Path, merged: Path) -> None:
    """Write the container ``merged``.

    ``synthetic`` and ``quality`` have one entry a synthesizer: which one is a setting, that DVC cannot look up.
    """
    judged = quality / spec.synthesizer
    if not spec.allow_failed:
        refuse_failed(read_json(judged / "quality.json")["failures"], spec.synthesizer, f"mixes.{mix}")
    originals, drawn = read_image_set(real), read_image_set(synthetic / spec.synthesizer)
    images, account = combine(originals, drawn, read_parquet(judged / "scores.parquet"), spec)
    made_by = {"stage": "merge", "dataset": dataset, "mix": mix, **spec.model_dump(), "synthetic": account.to_json()}
    write_image_set(merged, images, made_by)
    print(f"merge {dataset} {mix}: {len(images) - account.added} real images and {account.summary()}")
