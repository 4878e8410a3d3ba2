"""Run by test_training.py as a program of its own: Fabric starts the second process by running it again."""

import torch

from augment.core.images import make_image_set
from augment.runtime.runtime_spec import RuntimeSpec
from augment.synthesis.gan.gan_spec import AugmentationSpec, GanSpec
from augment.synthesis.gan.regularisers import LeCamPenalty, R1Penalty
from augment.synthesis.gan.training import GanTraining
from augment.synthesis.networks.architectures import Compact, DiscriminatorSpec
from augment.synthesis.training.checkpoint import pack
from augment.synthesis.training.processes import processes
from tests.conftest import striped_images

SPEC = GanSpec(
    kind="gan",
    steps=10,
    batch_size=16,
    devices=2,
    network=Compact(width=4),
    discriminator=DiscriminatorSpec(dropout=0.1),
    regularisers={"lecam": LeCamPenalty(weight=0.1), "r1": R1Penalty(weight=0.1, every=2)},
    augmentation=AugmentationSpec(kinds=["cutout"], adaptive=True, images=500),
)
OWN = ("running_mean", "running_var", "num_batches_tracked")
"""Each process has its own batch statistics; nothing that is kept depends on them."""

if __name__ == "__main__":
    stripes = make_image_set(*striped_images(60, 3, (1, 8, 8)), ["low", "middle", "high"])
    with processes(RuntimeSpec(device="cpu", precision="fp32"), SPEC.devices) as machine:
        assert machine.world == 2
        training = GanTraining(stripes, SPEC, 0, machine)
        for number in range(SPEC.steps):
            training.step(number, 1.0)
        for name, tensor in pack(training.stateful).items():
            alike = torch.equal(machine.mean(tensor.double()), tensor.double())
            assert alike or name.endswith(OWN), f"{name} differs between the processes"
        if machine.first:
            print("alike")
