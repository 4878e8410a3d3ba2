"""Draw labelled synthetic images from a trained synthesizer."""

from pathlib import Path

import numpy as np

from augment.core.cells import GROUP
from augment.core.container import write_drawn_images
from augment.core.images import SOURCE, content_hashes
from augment.core.provenance import POOL, described, require_settings
from augment.core.seeding import derive_seed, generator_seed
from augment.core.stage import stage
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.seeding import torch_generator
from augment.runtime.weights import read_config
from augment.synthesis.base.drawing_spec import SynthesisSpec
from augment.synthesis.base.files import generator_folders, read_groups, read_synthesizer
from augment.synthesis.base.sampling import sample_batches, sources
from augment.synthesis.base.translator import Translator


@stage(spec="datasets.{dataset}.synthesis", runtime="runtime", seed="seed", makes=("synthetic",))
def synthesize(
    dataset: str,
    synthesizer: str,
    spec: SynthesisSpec,
    runtime: RuntimeSpec,
    seed: int,
    *,
    trained: Path,
    synthetic: Path,
) -> None:
    """Write ``per_class`` images of every class to ``synthetic``, classes in turn.

    Each of several generators draws as many, by a seed of its own. A synthesizer that knows groups draws as many of
    every cell of class and group that it can fill, cells in turn; the manifest then tells the group of each, and the
    content hash of the training image that it was made of.
    """
    config = read_config(trained)
    made_by = config.get("made_by")
    require_settings(f"{trained}: made_by", made_by, dataset=dataset, synthesizer=synthesizer, seed=seed)
    (first, classes), *others = [read_synthesizer(folder) for folder in generator_folders(trained)]
    networks = [first, *(network for network, _ in others)]
    purpose = ("synthesis", dataset, synthesizer)
    seeds, groups = [generator_seed(seed, number) for number in range(len(networks))], None
    columns = dict[str, list[str]]()
    if isinstance(first, Translator):
        cells = first.can_fill.nonzero().numpy()
        labels, groups = (np.tile(of, spec.per_class) for of in cells.T)
        hashes, names = content_hashes(first.images.numpy()), read_groups(trained)
        rows = [
            sources(network, labels, groups, torch_generator(own, *purpose))
            for network, own in zip(networks, seeds, strict=True)
            if isinstance(network, Translator)
        ]
        columns[GROUP] = [names[group] for group in groups] * len(networks)
        columns[SOURCE] = [hashes[row].decode() for of_each in rows for row in of_each]
    else:
        labels = np.tile(np.arange(len(classes)), spec.per_class)
    made_by = described(stage="synthesize", dataset=dataset, synthesizer=synthesizer, seed=seed, **spec.model_dump())
    made_by |= {POOL: config[POOL]} if POOL in config else {}
    with machine(runtime) as where:
        batches = (
            batch
            for network, own in zip(networks, seeds, strict=True)
            for batch in sample_batches(network.to(where.device), labels, torch_generator(own, *purpose), where, groups)
        )
        write_drawn_images(
            synthetic,
            batches,
            np.tile(labels, len(networks)),
            classes,
            made_by,
            generator_seed=np.repeat([derive_seed(own, *purpose) for own in seeds], len(labels)),
            columns=columns,
        )
    of_each = f"of each of {len(classes)} classes" if groups is None else f"of each of {len(cells)} cells"
    by = "" if len(networks) == 1 else f", by each of {len(networks)} generators"
    print(f"synthesize {dataset} {synthesizer}: {spec.per_class} images {of_each}{by}")
