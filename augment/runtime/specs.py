"""Settings of the machine a stage runs on."""

from typing import Literal

from pydantic import PositiveInt

from augment.core.specs import Spec


class RuntimeSpec(Spec):
    """Where and how to compute: all that changes results, and nothing else, since every stage is rerun for it.

    Attributes:
        device: ``auto`` takes CUDA where there is one.
        precision: ``auto`` takes bf16 where the device computes it natively, fp32 elsewhere. Weights and optimiser
            states are fp32 either way.
        threads: CPU threads of a process; another number gives other last digits.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    threads: PositiveInt = 1
