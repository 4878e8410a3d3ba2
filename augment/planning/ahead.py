"""What a dataset would take that no settings name yet: all of its stages, estimated as `augment estimate` does."""

import importlib
import itertools
import pkgutil
from pathlib import Path
from typing import Any

import augment.stages
from augment.core.errors import AugmentError
from augment.core.settings_block import parse
from augment.core.settings_file import load_yaml
from augment.planning.estimate import estimate
from augment.planning.outlook import duration
from augment.planning.planned import Planned
from augment.settings import Settings


def cost(params: Path, name: str, block: dict[str, Any], raw: Path, light_s: float, heavy_s: float) -> str:
    """Say how much processor time all of a dataset's stages take on this machine.

    Args:
        params: The settings; of all their datasets this one is run.
        name: Of the dataset.
        block: Its own settings.
        raw: Where its images are.
        light_s: Seconds that Python takes to start a stage without torch.
        heavy_s: The same with torch.
    """
    try:
        settings = parse(Settings, load_yaml(params) | {"datasets": {name: block}, "tuned": {}}, str(params))
        made = estimate(settings, stages(settings, name, raw), {}, light_s, heavy_s)
    except AugmentError as error:
        return f"not known: {error}"
    if made.unknown:
        return f"not known: {made.unknown[0]}"
    most = duration(sum(each.most_s(1) for each in made.stages))
    likely = duration(sum(each.likely_s(1) for each in made.stages))
    return (
        f"about {likely} of processor time on this machine, at most {most}, for {len(made.stages)} stages with the "
        "arms and seeds that the settings have; once it is added, make estimate tells which take longest"
    )


def stages(settings: Settings, dataset: str, raw: Path) -> list[Planned]:
    """List all stages of a dataset, by the coordinates that each declares; what waits for what is not told."""
    axes = {
        "dataset": [dataset],
        "synthesizer": settings.synthesizer_names(),
        "train_set": settings.arms.train_sets,
        "recipe": list(settings.arms.recipes),
    }
    mixes = {"merge": list(settings.mixes), "merge_auto": list(settings.auto_mixes)}
    found = []
    for each in pkgutil.iter_modules(augment.stages.__path__):
        stage = getattr(importlib.import_module(f"augment.stages.{each.name}"), each.name)
        own = axes | {"mix": mixes.get(each.name, [])}
        for values in itertools.product(*(own[name] for name in stage.coordinates)):
            at = dict(zip(stage.coordinates, values, strict=True))
            command = each.name.replace("_", "-")
            paths = {"raw": str(raw)} if "raw" in stage.options else {}
            found.append(Planned("-".join([f"{each.name}@", *values]), (), True, command, at | paths))
    return found
