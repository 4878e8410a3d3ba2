"""One process or several that train together, through Lightning Fabric.

Only trainings that may be shared out import this: Fabric takes more than a second to import.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from lightning_fabric import Fabric

from augment.runtime.machine import Machine, machine
from augment.runtime.runtime_spec import RuntimeSpec

# It tells of the precision and of kinds of processors in the middle of the progress.
logging.getLogger("lightning_fabric").setLevel(logging.WARNING)


@contextmanager
def processes(spec: RuntimeSpec, devices: int) -> Iterator[Machine]:
    """Settle the machine as `machine` does, and start the other processes where there is more than one device.

    Every process runs the whole stage, on its part of every batch, and comes to the same weights; only the first one
    (see `Machine.first`) may write. On CUDA a device is one GPU, on the CPU one more process.

    Raises:
        SettingsError: The device is not there, or it cannot compute in the precision asked for.
    """
    with machine(spec) as alone:
        fabric = Fabric(
            accelerator=alone.device.type,
            devices=devices,
            strategy="ddp" if devices > 1 else "auto",
            precision="bf16-mixed" if alone.bf16 else "32-true",
        )
        fabric.launch()
        try:
            yield replace(alone, device=fabric.device, fabric=fabric)
        finally:
            if torch.distributed.is_available() and torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()
