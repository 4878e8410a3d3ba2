"""Draw labelled synthetic images from the trained generator."""

from pathlib import Path

import numpy as np

from augment.core.images import make_image_set
from augment.core.seeding import derive_seed
from augment.core.stage import stage
from augment.core.store import write_image_set
from augment.runtime.machine import machine
from augment.runtime.seeding import torch_generator
from augment.runtime.specs import RuntimeSpec
from augment.runtime.weights import load_weights, read_config
from augment.synthesis.networks import Generator
from augment.synthesis.sampling import sample
from augment.synthesis.specs import GanSpec, SynthesisSpec


@stage(spec="datasets.{dataset}.synthesis", runtime="runtime", seed="seed")
def synthesize(
    dataset: str, spec: SynthesisSpec, runtime: RuntimeSpec, seed: int, *, gan: Path, synthetic: Path
) -> None:
    """Write ``per_class`` images of every class to ``synthetic``, classes in turn."""
    config = read_config(gan)
    classes, shape, gan_spec = config["classes"], tuple(config["shape"]), GanSpec(**config["spec"])
    generator = Generator(shape, len(classes), gan_spec.width, gan_spec.latent_dim)
    load_weights(gan, "generator", generator)
    labels = np.tile(np.arange(len(classes)), spec.per_class)
    with machine(runtime) as where:
        rng = torch_generator(seed, "synthesis", dataset)
        images = sample(generator.to(where.device).eval(), labels, rng, where)
    image_set = make_image_set(images, labels, classes, generator_seed=derive_seed(seed, "synthesis", dataset))
    write_image_set(
        synthetic, image_set, {"stage": "synthesize", "dataset": dataset, "gan": config, **spec.model_dump()}
    )
    print(f"synthesize {dataset}: {spec.per_class} images of each of {len(classes)} classes")
