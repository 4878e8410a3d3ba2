"""The same bytes on every x86-64 processor with AVX2: the libraries are told, before they load, to compute alike.

Left alone, each library takes the widest instructions that it finds, and sums in another order on another processor.
Held to AVX2, and to code that its makers call reproducible, each gave the same bytes on an AVX-512 and on an AVX2
machine for every operation that was tried (benchmarks/portable_operations.py).
"""

import os
import sys
from pathlib import Path

import yaml

PORTABLE = "portable"

PINS = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # torch's convolutions
    "MKL_CBWR": "COMPATIBLE",  # torch's matrix products; MKL's "conditional numerical reproducibility"
    "OPENBLAS_CORETYPE": "Haswell",  # numpy's and scipy's linear algebra
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # numpy's own loops: all that it has above AVX2
}
"""Environment variables that the libraries read when they are loaded."""


def pin(params: Path) -> None:
    """Begin this process anew under the pins, where settings ask for portable bytes and it began without them.

    The libraries read the pins when they are loaded, hence a new start; the process keeps its number, so that whoever
    waits for it or stops it notices nothing.
    """
    if _precision(params) == PORTABLE and not pinned():
        os.execve(sys.executable, sys.orig_argv, os.environ | PINS)  # noqa: S606  # this very command


def pinned() -> bool:
    """Tell whether this process began under the pins."""
    return all(os.environ.get(name) == value for name, value in PINS.items())


def _precision(params: Path) -> object:
    """Read one setting; whatever is wrong with the file is told by those that read all of it."""
    try:
        return yaml.safe_load(params.read_text(encoding="utf-8"))["runtime"]["precision"]
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError, RecursionError):
        return None
