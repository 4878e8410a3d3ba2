"""Where networks compute when a user's program asks them."""

import pytest
import torch

from augment.finished.machines import computing
from augment.runtime.runtime_spec import RuntimeSpec


def test_a_program_that_began_without_the_pins_computes_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    portable = RuntimeSpec(device="cpu", precision="portable")
    monkeypatch.setattr("augment.finished.machines.pinned", lambda: False)
    with computing(portable) as where:
        assert where.describe()["precision"] == "fp32"
    monkeypatch.setattr("augment.finished.machines.pinned", lambda: True)
    monkeypatch.setattr("augment.runtime.canary.differing", list)
    with torch.no_grad(), computing(portable) as where:
        assert where.describe()["precision"] == "portable"
        assert torch.is_grad_enabled()  # the machine is tried with gradients, too
    with computing(RuntimeSpec(device="cpu", precision="fp32")) as where:
        assert where.describe()["precision"] == "fp32"
