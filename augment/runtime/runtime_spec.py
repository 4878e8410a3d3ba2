"""Settings of the machine a stage runs on."""

from typing import ClassVar, Literal, Self

from pydantic import PositiveInt, model_validator

from augment.core.settings_block import Spec


class RuntimeSpec(Spec):
    """Where and how to compute: all that changes results, and nothing else, since every stage is rerun for it.

    Attributes:
        device: ``auto`` takes CUDA where there is one, but for ``portable`` the CPU: no two kinds of GPU agree.
        precision: ``auto`` takes bf16 where the device computes it natively, fp32 elsewhere. ``portable`` is fp32 held
            to instructions that every x86-64 processor with AVX2 has, and gives the same bytes on all of them. Weights
            and optimiser states are fp32 in any case.
        threads: CPU threads of a process; another number gives other last digits.
    """

    RENAMED: ClassVar[dict[str, str]] = {
        "devices": "devices of a synthesizer",
        "checkpoint_every_s": "every_s, in a block checkpoints of its own,",
    }

    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "bf16", "fp32", "portable"] = "auto"
    threads: PositiveInt = 1

    @model_validator(mode="after")
    def _portable_is_of_processors(self) -> Self:
        if self.precision == "portable" and self.device == "cuda":
            raise ValueError("precision: portable bytes are those of a CPU; expected device auto or cpu")
        return self
