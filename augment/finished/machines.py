"""Where a finished run's networks compute when a user asks them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from augment.runtime.machine import Machine, machine
from augment.runtime.portable import pinned
from augment.runtime.runtime_spec import RuntimeSpec


@contextmanager
def computing(spec: RuntimeSpec) -> Iterator[Machine]:
    """Settle what the run's own settings say, while the block runs.

    The command line starts under the pins that portable bytes need. A program of the user's has loaded the libraries
    without them: it computes in fp32, and what it gets is the same on this kind of machine alone.
    """
    portable = spec.precision == "portable" and not pinned()
    # It tries gradients, too, whatever the program around this one is doing.
    with torch.enable_grad(), machine(spec.model_copy(update={"precision": "fp32"}) if portable else spec) as where:
        yield where
