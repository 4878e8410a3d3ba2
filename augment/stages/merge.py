"""Merge real and synthetic images into one training set."""

from pathlib import Path

from augment.core.container import read_image_set
from augment.core.paths import PathPattern
from augment.core.provenance import about_pool, described, require_made_by
from augment.core.stage import stage
from augment.merging.files import read_drawn, write_merged
from augment.merging.merge import merge as combine
from augment.merging.mix_spec import MixSpec


@stage(spec="mixes.{mix}", makes=("merged",))
def merge(
    dataset: str,
    mix: str,
    spec: MixSpec,
    *,
    real: Path,
    synthetic: PathPattern,
    quality: PathPattern,
    scores: PathPattern,
    merged: Path,
) -> None:
    """Write the container ``merged``.

    ``synthetic``, ``quality`` and ``scores`` have the blank ``{synthesizer}``, see `read_drawn`.
    """
    require_made_by(real, stage="prepare", dataset=dataset)
    originals = read_image_set(real)
    require_made_by(synthetic.at(synthesizer=spec.synthesizer), dataset=dataset, synthesizer=spec.synthesizer)
    drawn = read_drawn(spec, f"mixes.{mix}", synthetic=synthetic, quality=quality, scores=scores)
    made = combine(originals, *drawn, spec)
    made_by = described(stage="merge", dataset=dataset, mix=mix, spec=spec, synthetic=made.account.to_json())
    made_by |= about_pool(synthetic.at(synthesizer=spec.synthesizer))
    write_merged(merged, made, made_by)
    print(f"merge {dataset} {mix}: {made.summary()}")
