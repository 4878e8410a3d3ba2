"""Device, precision and determinism, settled once at the start of a stage."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from threadpoolctl import threadpool_limits

from augment.core.errors import SettingsError
from augment.runtime.specs import RuntimeSpec


@dataclass(frozen=True)
class Machine:
    """What a stage computes on.

    Attributes:
        device: The torch device.
        bf16: Whether matrix products and convolutions run in bfloat16.
    """

    device: torch.device
    bf16: bool

    def autocast(self) -> torch.autocast:
        """Context in which networks run: bfloat16 where this machine has it, no change elsewhere."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)

    def describe(self) -> dict[str, str]:
        """Say what was settled, to be kept with the output."""
        return {"device": self.device.type, "precision": "bf16" if self.bf16 else "fp32"}


@contextmanager
def machine(spec: RuntimeSpec) -> Iterator[Machine]:
    """Settle device, precision and threads, and make torch deterministic, while the block runs.

    Raises:
        SettingsError: The device is not there, or it cannot compute in the precision asked for.
    """
    device = _device(spec)
    native = _computes_bf16(device)
    if spec.precision == "bf16" and not native:
        raise SettingsError(
            f"runtime.precision: bf16, but this {device.type} does not compute it; expected auto or fp32"
        )
    # cuBLAS reads this when it starts; without it, deterministic mode refuses matrix products.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(spec.threads)
    torch.use_deterministic_algorithms(True)
    try:
        with threadpool_limits(spec.threads):
            yield Machine(device, bf16=native and spec.precision != "fp32")
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)


def _device(spec: RuntimeSpec) -> torch.device:
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("runtime.device: cuda, but torch finds none; expected auto or cpu")
    use_cuda = spec.device != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if use_cuda else "cpu")


def _computes_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported())
