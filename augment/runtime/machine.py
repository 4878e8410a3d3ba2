"""Device, precision and determinism, settled once at the start of a stage."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from augment.core.errors import SettingsError
from augment.runtime.runtime_spec import RuntimeSpec

if TYPE_CHECKING:
    from lightning_fabric import Fabric


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""What malloc.h calls these settings."""
LARGE_BLOCK = 32 * 2**20
"""Bytes; larger blocks come from the system and go back to it. The most that glibc takes."""
KEPT_FREE = 256 * 2**20
"""Bytes at the heap's end that are kept though they are free."""


@dataclass(frozen=True)
class Machine:
    """What a stage computes on.

    Attributes:
        device: The torch device.
        bf16: Whether matrix products and convolutions run in bfloat16.
        portable: Whether its bytes are those of every other processor with AVX2.
        fabric: The group of processes that train together; None for a stage that has no such group.
    """

    device: torch.device
    bf16: bool
    portable: bool = False
    fabric: "Fabric | None" = None

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.fabric is None or self.fabric.is_global_zero

    @property
    def world(self) -> int:
        """Number of processes that train together."""
        return 1 if self.fabric is None else self.fabric.world_size

    def autocast(self) -> AbstractContextManager[object]:
        """Context in which networks run: bfloat16 where this machine has it, no change elsewhere."""
        if self.fabric is not None:
            return self.fabric.autocast()
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)

    def part(self, batch: Tensor) -> Tensor:
        """Take this process's rows of a batch that all processes drew alike."""
        return batch if self.fabric is None else batch[self.fabric.global_rank :: self.world]

    def mean(self, values: Tensor) -> Tensor:
        """Average a tensor over the processes."""
        if self.fabric is None or self.world == 1:
            return values
        return self.fabric.all_reduce(values, reduce_op="mean")  # type: ignore[return-value]  # a tensor in, a tensor out

    def any(self, flag: bool) -> bool:
        """Tell whether the flag is set in any process."""
        if self.world == 1:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def average_gradients(self, network: torch.nn.Module) -> None:
        """Average a network's gradients over the processes, in one message.

        By hand, after the backward pass: DDP's hooks bear neither gradients of gradients nor images that serve two
        losses. StyleGAN2-ADA does the same.
        """
        if self.world == 1:
            return
        gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
        flat = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, mean in zip(gradients, flat.split([each.numel() for each in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def describe(self) -> dict[str, str | int]:
        """Say what was settled, to be kept with the output."""
        precision = "portable" if self.portable else "bf16" if self.bf16 else "fp32"
        return {"device": self.device.type, "precision": precision, "processes": self.world}


def keep_freed_memory() -> None:
    """Let the C library keep the memory of freed tensors for the next ones.

    By default glibc returns large blocks to the system at once, and each tensor of a training step then costs a page
    fault every 4 KiB: 5 to 10 % of the CPU time of steps that handle some megabytes. Elsewhere nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(M_TRIM_THRESHOLD, KEPT_FREE)


@contextmanager
def machine(spec: RuntimeSpec) -> Iterator[Machine]:
    """Settle device, precision and threads, and make torch deterministic, while the block runs.

    Raises:
        SettingsError: The device is not there, it cannot compute in the precision asked for, or what it computes is
            not portable.
    """
    device = _device(spec)
    native = _computes_bf16(device)
    if spec.precision == "bf16" and not native:
        raise SettingsError(
            f"runtime.precision: bf16, but this {device.type} does not compute it; expected auto or fp32"
        )
    keep_freed_memory()
    # cuBLAS reads this when it starts; without it, deterministic mode refuses matrix products.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    threads, deterministic = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    debugging: Any = torch.utils.deterministic  # its attribute is set on its class, where stubs do not look
    fills = debugging.fill_uninitialized_memory
    torch.set_num_threads(spec.threads)
    # What `use_deterministic_algorithms` does, too, but for importing a compiler first: a second, and none is used.
    torch.set_deterministic_debug_mode("error")
    debugging.fill_uninitialized_memory = False  # else deterministic mode writes all memory twice: NaN first
    try:
        with threadpool_limits(spec.threads):
            if portable := spec.precision == "portable":
                _require_portable()
            yield Machine(device, bf16=native and spec.precision in ("auto", "bf16"), portable=portable)
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(deterministic)
        debugging.fill_uninitialized_memory = fills


def _device(spec: RuntimeSpec) -> torch.device:
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("runtime.device: cuda, but torch finds none; expected auto or cpu")
    use_cuda = spec.device != "cpu" and spec.precision != "portable" and torch.cuda.is_available()
    return torch.device("cuda" if use_cuda else "cpu")


def _require_portable() -> None:
    from augment.runtime import canary  # scipy takes a while that others need not wait for

    if differing := canary.differing():
        raise SettingsError(
            f"runtime.precision: portable, but this machine gives other bytes for {', '.join(differing)}; expected the "
            "library versions of requirements.lock and an x86-64 processor with AVX2, else precision auto or fp32"
        )


def _computes_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # The processor has it, and neither of the two libraries that compute was told to do without.
    return bool(
        torch.cpu._is_avx512_bf16_supported()
        and torch.backends.cpu.get_cpu_capability().startswith("AVX512")  # ATEN_CPU_CAPABILITY
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()  # ONEDNN_MAX_CPU_ISA
    )
