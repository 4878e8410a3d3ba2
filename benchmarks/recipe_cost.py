"""What a recipe adds to a training step, beside torchvision's own class applied image by image.

``python -m benchmarks.recipe_cost``: CPU milliseconds of one thread a batch of 64, the best of five readings.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torchvision.transforms import v2

from augment.classifier.building import build_backbone
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.parts import MIXINGS, TRANSFORMS
from augment.classifier.recipes import Batch, batches
from augment.classifier.training import train_step
from augment.core.images import make_image_set
from augment.runtime.machine import Machine, machine
from augment.runtime.runtime_spec import RuntimeSpec

SHAPES = (1, 8, 8), (1, 28, 28), (3, 32, 32)
BATCH, CLASSES, REPEATS, READINGS = 64, 10, 20, 5


def main() -> None:
    """Print one table a shape."""
    with machine(RuntimeSpec(device="cpu")) as where:
        for shape in SHAPES:
            print(
                f"{shape[1]}×{shape[2]}, {shape[0]} channel(s); a whole plain step: {plain_step(shape, where):.2f} ms"
            )
            for name in TRANSFORMS:
                transform, rng, images = TRANSFORMS[name], torch.Generator(), torch.rand(BATCH, *shape) * 2 - 1
                print(f"  {name:16} {milliseconds(lambda: transform(images, rng, True)):6.2f} ms")  # noqa: B023
            for name, theirs in {
                "TrivialAugmentWide": v2.TrivialAugmentWide(),
                "RandAugment": v2.RandAugment(),
            }.items():
                pixels = torch.randint(0, 256, (BATCH, *shape), dtype=torch.uint8)
                cost = milliseconds(lambda: [theirs(image) for image in pixels])  # noqa: B023
                print(f"  {name:16} {cost:6.2f} ms (torchvision, image by image)")
            for mixing in MIXINGS:
                recipe = RecipeSpec.model_validate({"transforms": "none", "sampling": "natural", "mixing": mixing})
                made = made_by(recipe, shape, where)
                print(f"  batch, mixing {mixing:14} {milliseconds(lambda: next(made)):6.2f} ms")  # noqa: B023


def plain_step(shape: tuple[int, int, int], where: Machine) -> float:
    """Cost of forward, backward and update of the small CNN."""
    network = build_backbone(shape, CLASSES, ClassifierSpec())
    optimiser = torch.optim.AdamW(network.parameters())
    batch: Batch = next(made_by(RecipeSpec(transforms="none", sampling="natural"), shape, where))
    return milliseconds(lambda: train_step(network, optimiser, batch, 0.0, torch.Generator(), where))


def made_by(recipe: RecipeSpec, shape: tuple[int, int, int], where: Machine) -> Iterator[Batch]:
    """Make the batches of a recipe on noise."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (512, *shape), dtype=np.uint8)
    train = make_image_set(pixels, rng.integers(0, CLASSES, 512), [str(k) for k in range(CLASSES)])
    return batches(train, ClassifierSpec(), recipe, 4, 0, 0, where)


def milliseconds(action: Callable[[], object]) -> float:
    """CPU time of one call: the least of several readings, since others use the machine too."""
    readings = []
    for _ in range(READINGS):
        began = time.process_time()
        for _ in range(REPEATS):
            action()
        readings.append((time.process_time() - began) / REPEATS * 1e3)
    return min(readings)


if __name__ == "__main__":
    main()
