"""Draw labelled synthetic images from a trained synthesizer."""

from pathlib import Path

import numpy as np

from augment.core.cells import GROUP
from augment.core.container import write_drawn_images
from augment.core.images import SOURCE, content_hashes
from augment.core.provenance import described, require_settings
from augment.core.seeding import derive_seed
from augment.core.stage import stage
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.seeding import torch_generator
from augment.runtime.weights import read_config
from augment.synthesis.base.drawing_spec import SynthesisSpec
from augment.synthesis.base.files import read_groups, read_synthesizer
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

    A synthesizer that knows groups draws as many of every cell of class and group that it can fill, cells in turn; the
    manifest then tells the group of each, and the content hash of the training image that it was made of.
    """
    made_by = read_config(trained).get("made_by")
    require_settings(f"{trained}: made_by", made_by, dataset=dataset, synthesizer=synthesizer, seed=seed)
    network, classes = read_synthesizer(trained)
    purpose = ("synthesis", dataset, synthesizer)
    rng, columns, groups = torch_generator(seed, *purpose), {}, None
    if isinstance(network, Translator):
        cells = network.can_fill.nonzero().numpy()
        labels, groups = (np.tile(of, spec.per_class) for of in cells.T)
        rows = sources(network, labels, groups, torch_generator(seed, *purpose))
        hashes, names = content_hashes(network.images.numpy()), read_groups(trained)
        columns = {GROUP: [names[group] for group in groups], SOURCE: [hashes[row] for row in rows]}
    else:
        labels = np.tile(np.arange(len(classes)), spec.per_class)
    made_by = described(stage="synthesize", dataset=dataset, synthesizer=synthesizer, seed=seed, **spec.model_dump())
    with machine(runtime) as where:
        batches = sample_batches(network.to(where.device), labels, rng, where, groups)
        write_drawn_images(
            synthetic,
            batches,
            labels,
            classes,
            made_by,
            generator_seed=derive_seed(seed, *purpose),
            columns=columns,
        )
    of_each = f"of each of {len(classes)} classes" if groups is None else f"of each of {len(cells)} cells"
    print(f"synthesize {dataset} {synthesizer}: {spec.per_class} images {of_each}")
