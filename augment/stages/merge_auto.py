"""Merge real and synthetic images at the share that serves a classifier best on val: perhaps none."""

from collections.abc import Mapping
from pathlib import Path

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.training import asked_of_val
from augment.classifier.trials import hits_on_val
from augment.core.container import read_image_set
from augment.core.endpoints import VerdictSpec
from augment.core.paths import PathPattern
from augment.core.provenance import about_pool, described, require_made_by
from augment.core.stage import stage
from augment.core.store import write_json
from augment.merging.choice import choose_share
from augment.merging.files import read_drawn, write_merged
from augment.merging.merge import candidates
from augment.merging.mix_spec import AutoMixSpec
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec


@stage(
    spec="auto_mixes.{mix}",
    classifier="datasets.{dataset}.classifier",
    recipes="arms.recipes",
    runtime="runtime",
    verdict="verdict",
    seed="seed",
    makes=("merged", "choice"),
)
def merge_auto(
    dataset: str,
    mix: str,
    spec: AutoMixSpec,
    classifier: ClassifierSpec,
    recipes: Mapping[str, RecipeSpec],
    runtime: RuntimeSpec,
    verdict: VerdictSpec,
    seed: int,
    *,
    real: Path,
    val: Path,
    synthetic: PathPattern,
    quality: PathPattern,
    scores: PathPattern,
    merged: Path,
    choice: Path,
) -> None:
    """Write the container ``merged``, and to ``choice`` what val said of every share.

    ``synthetic``, ``quality`` and ``scores`` have the blank ``{synthesizer}``, see `read_drawn`.
    """
    for path in (real, val):
        require_made_by(path, stage="prepare", dataset=dataset, seed=seed)
    require_made_by(synthetic.at(synthesizer=spec.synthesizer), dataset=dataset, synthesizer=spec.synthesizer)
    originals, held_out = read_image_set(real), read_image_set(val)
    drawn = read_drawn(spec, f"auto_mixes.{mix}", synthetic=synthetic, quality=quality, scores=scores)
    made = candidates(originals, *drawn, spec)
    recipe, title = recipes[spec.recipe], f"merge_auto {dataset} {mix} share"
    with machine(runtime) as where:
        given = (held_out, classifier, recipe, seed, spec.runs, where)
        hits = {
            share: hits_on_val(one.images(), *given, f"{title} {share:g}", verdict.endpoint)
            for share, one in made.items()
        }
    chosen = choose_share(hits, asked_of_val(verdict.endpoint, originals, held_out))
    best = made[chosen.share]
    made_by = described(stage="merge_auto", dataset=dataset, mix=mix, spec=spec, synthetic=best.account.to_json())
    made_by |= about_pool(synthetic.at(synthesizer=spec.synthesizer))
    write_merged(merged, best, made_by | chosen.to_json())
    write_json(choice, chosen.to_json())
    print(f"{title} {chosen.share:g}: {best.summary()}")
