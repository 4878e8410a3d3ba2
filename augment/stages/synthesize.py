"""Draw labelled synthetic images from a trained synthesizer."""

from pathlib import Path

import numpy as np

from augment.core.container import write_drawn_images
from augment.core.provenance import described, require_settings
from augment.core.seeding import derive_seed
from augment.core.stage import stage
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.seeding import torch_generator
from augment.runtime.weights import read_config
from augment.synthesis.base.drawing_spec import SynthesisSpec
from augment.synthesis.base.files import read_synthesizer
from augment.synthesis.base.sampling import sample_batches


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
    """Write ``per_class`` images of every class to ``synthetic``, classes in turn."""
    made_by = read_config(trained).get("made_by")
    require_settings(f"{trained}: made_by", made_by, dataset=dataset, synthesizer=synthesizer, seed=seed)
    network, classes = read_synthesizer(trained)
    labels = np.tile(np.arange(len(classes)), spec.per_class)
    purpose = ("synthesis", dataset, synthesizer)
    made_by = described(stage="synthesize", dataset=dataset, synthesizer=synthesizer, seed=seed, **spec.model_dump())
    with machine(runtime) as where:
        batches = sample_batches(network.to(where.device), labels, torch_generator(seed, *purpose), where)
        write_drawn_images(synthetic, batches, labels, classes, made_by, generator_seed=derive_seed(seed, *purpose))
    print(f"synthesize {dataset} {synthesizer}: {spec.per_class} images of each of {len(classes)} classes")
