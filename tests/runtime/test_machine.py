import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from augment.core.errors import SettingsError
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec

PROJECT = Path(__file__).parents[2]
PINS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")
"""What makes torch, and the library it convolves with, compute as on an older processor."""
SETTLED = """
import sys
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec
with machine(RuntimeSpec(device="cpu")) as where:
    print(where.describe()["precision"])
assert not {"torch._dynamo", "torch._inductor"} & set(sys.modules), "a compiler that nothing uses takes seconds"
"""


def test_threads_and_determinism_are_set_and_given_back() -> None:
    before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
    with machine(RuntimeSpec(device="cpu", threads=before[0] + 1)):
        assert torch.get_num_threads() == before[0] + 1
        assert torch.are_deterministic_algorithms_enabled()
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own behaviour")
def test_memory_of_freed_tensors_is_used_again() -> None:
    with machine(RuntimeSpec(device="cpu")):
        for _ in range(10):
            torch.ones(4 * 2**20)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            torch.ones(4 * 2**20)  # 16 MiB: 4,096 pages
        assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 4096


def test_full_precision_stays_full() -> None:
    with machine(RuntimeSpec(device="cpu", precision="fp32")) as where, where.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == torch.float32
    assert where.describe() == {"device": "cpu", "precision": "fp32", "processes": 1}


def test_auto_takes_bf16_exactly_where_the_processor_computes_it() -> None:
    with machine(RuntimeSpec(device="cpu")) as where, where.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    native = torch.cpu._is_avx512_bf16_supported() and not any(name in os.environ for name in PINS)
    assert product.dtype == (torch.bfloat16 if native else torch.float32)


@pytest.mark.parametrize("pin", PINS)
def test_a_library_told_to_do_without_avx512_gets_full_precision(pin: str) -> None:
    # The processor may have it all the same, and bf16 by emulation is several times slower than fp32.
    result = subprocess.run(
        [sys.executable, "-c", SETTLED], cwd=PROJECT, env=os.environ | {pin: "avx2"}, capture_output=True, check=True
    )
    assert result.stdout == b"fp32\n"


def test_bf16_is_refused_where_it_would_be_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    with (
        pytest.raises(SettingsError, match=r"runtime\.precision: bf16, but this cpu does not compute it"),
        machine(RuntimeSpec(device="cpu", precision="bf16")),
    ):
        pass


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test needs to be missing")
def test_a_missing_accelerator_is_named() -> None:
    with (
        pytest.raises(SettingsError, match=r"runtime\.device: cuda, but torch finds none"),
        machine(RuntimeSpec(device="cuda")),
    ):
        pass
