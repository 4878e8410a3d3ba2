"""Settings of the machine a stage runs on."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from augment.core.specs import Spec


class RuntimeSpec(Spec):
    """Where and how to compute.

    Attributes:
        device: ``auto`` takes CUDA where there is one.
        precision: ``auto`` takes bf16 where the device computes it natively, fp32 elsewhere. Weights and optimiser
            states are fp32 either way.
        devices: GPUs, or processes on the CPU, that share a synthesizer's training; each takes its part of a batch.
        threads: CPU threads of a process.
        checkpoint_every_s: Seconds between two checkpoints of a synthesizer's training; does not change its result.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    devices: PositiveInt = 1
    threads: PositiveInt = 1
    checkpoint_every_s: PositiveFloat = 30.0
