"""Settings for a first look: the same question, asked with less."""

from pathlib import Path
from typing import Any

import yaml

from augment.core.errors import AugmentError
from augment.core.store import write_text
from augment.core.text import listed
from augment.merging.mix_spec import REAL
from augment.planning.foresight import idle_mixes
from augment.settings import Settings

SEEDS = 2
"""Classifiers an arm: fewer give no interval."""

STEPS, CAP = 1 / 3, 1 / 2
"""What is left of the steps of synthesizers, and of the cap on those of classifiers, which mostly stop before it."""


SHARE = 0.5
"""Of synthetic images, where classes are so equal that there is nothing to fill."""


def write(settings: Settings, path: Path, raw: Path) -> None:
    """Write the settings of a first look as YAML.

    Where the mix that stays would add nothing to some dataset, there would be nothing to see: it has a share instead,
    and that is said.

    Args:
        settings: Those to cut down.
        path: Where to write.
        raw: The folder of raw datasets.
    """
    cut = quick(settings)
    for mix, block in cut["mixes"].items():
        idle = [name for name in settings.datasets if mix in _idle(settings, name, raw / name)]
        if idle:
            print(
                f"quick: mixes.{mix} has `share: {SHARE}` in place of `fill: {block.pop('fill')}`, which would add "
                f"next to nothing to {listed(idle)}, whose classes are about equally large"
            )
            block["share"] = SHARE
    write_text(path, yaml.safe_dump(cut, sort_keys=False, allow_unicode=True))


def _idle(settings: Settings, name: str, raw: Path) -> list[str]:
    try:
        return idle_mixes(settings, name, raw)
    except AugmentError:  # which the estimate tells, and `prepare`
        return []


def quick(settings: Settings) -> dict[str, Any]:
    """Cut settings down: plain values, as ``params.yaml`` has them.

    What stays of the arms: real images beside one mix of them with synthetic ones, both with the last recipe: recipes
    begin with the plainest, and against that alone synthetic images look better than they are. Then fewer steps and
    classifiers. Images, splits, networks and what is drawn stay as they are.
    """
    cut = settings.model_dump(mode="json", exclude_unset=True)
    mixes = [name for name in _by_use(settings) if name in settings.arms.train_sets][:1]
    cut["seeds"] = min(settings.seeds, SEEDS)
    recipes = settings.arms.recipes
    needed = {settings.auto_mixes[name].recipe for name in mixes if name in settings.auto_mixes}
    needed.add(next(reversed(recipes)))
    cut["arms"]["recipes"] = {name: recipe for name, recipe in cut["arms"]["recipes"].items() if name in needed}
    cut["arms"]["train_sets"] = [REAL, *mixes]
    for block in ("mixes", "auto_mixes"):
        cut[block] = {name: mix for name, mix in cut.get(block, {}).items() if name in mixes}
    used = {mix["synthesizer"] for block in ("mixes", "auto_mixes") for mix in cut[block].values()}
    used = used or {settings.synthesizer_names()[0]}
    cut["synthesizers"] = {
        family: [name for name in names if name in used] for family, names in settings.synthesizers.items()
    }
    for name, dataset in cut["datasets"].items():
        dataset["classifier"]["max_steps"] = max(1, round(CAP * settings.datasets[name].classifier.max_steps))
        for synthesizer in dataset["synthesizers"].values():
            if "steps" in synthesizer:
                synthesizer["steps"] = max(1, round(STEPS * synthesizer["steps"]))
    return cut


def _by_use(settings: Settings) -> list[str]:
    """Order the training sets by how much they say: mixes with real images, synthetic ones alone, costly choices."""
    mixes = {name: mix for name, mix in settings.mixes.items() if not mix.control}
    mixed = [name for name, mix in mixes.items() if not mix.synthetic_only]
    return [*mixed, *(name for name in mixes if name not in mixed), *settings.auto_mixes]
