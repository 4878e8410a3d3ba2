"""Run by test_training.py as a program of its own: Fabric starts the second process by running it again."""

import torch

from augment.core.images import make_image_set
from augment.runtime.checkpoint import pack
from augment.runtime.processes import processes
from augment.runtime.specs import RuntimeSpec
from augment.synthesis.gan.specs import AugmentationSpec, GanSpec, LossSpec, NetworkSpec
from augment.synthesis.gan.training import GanTraining
from tests.conftest import striped_images

SPEC = GanSpec(
    kind="gan",
    steps=10,
    batch_size=16,
    network=NetworkSpec(width=4, dropout=0.1),
    loss=LossSpec(lecam=0.1, r1=0.1, r1_every=2),
    augmentation=AugmentationSpec(kinds=["cutout"], adaptive=True, images=500),
)
OWN = ("running_mean", "running_var", "num_batches_tracked")
"""Each process has its own batch statistics; nothing that is kept depends on them."""

if __name__ == "__main__":
    stripes = make_image_set(*striped_images(60, 3, (1, 8, 8)), ["low", "middle", "high"])
    with processes(RuntimeSpec(device="cpu", devices=2, precision="fp32")) as machine:
        assert machine.world == 2
        training = GanTraining(stripes, SPEC, 0, machine)
        for number in range(SPEC.steps):
            training.step(number, 1.0)
        for name, tensor in pack(training.stateful).items():
            alike = torch.equal(machine.mean(tensor.double()), tensor.double())
            assert alike or name.endswith(OWN), f"{name} differs between the processes"
        if machine.first:
            print("alike")
