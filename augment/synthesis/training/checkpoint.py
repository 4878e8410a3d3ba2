"""Checkpoints of a training run: where to continue after it was killed.

A checkpoint lies outside every output of the pipeline, since DVC deletes outputs before a stage runs. It holds
everything the next step depends on, so that a run that was killed and started again ends bit-identical to one
that was not; and it says what it was made from, so that it is never continued with anything else.
"""

import hashlib
import json
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from augment.core.store import whole

Stateful = nn.Module | torch.optim.Optimizer | torch.Generator
Origin = Mapping[str, str]
"""What a run is made from: part (settings, data, code, machine) → fingerprint."""


class Checkpoint:
    """The checkpoint file of one run.

    Args:
        path: The file; None keeps no checkpoints.
        origin: What the run is made from; a checkpoint of another origin is not continued.
        every_s: Seconds between two checkpoints; infinity saves on request alone.
        writes: Whether this process saves and clears; of several that train together only one does.
    """

    def __init__(self, path: Path | None, origin: Origin, every_s: float = math.inf, *, writes: bool = True) -> None:
        self._path, self._origin, self._every_s, self._writes = path, dict(origin), every_s, writes
        self._saved = time.monotonic()

    def load(self) -> tuple[dict[str, Tensor], Any] | None:
        """Read tensors and facts to continue from; None where there are none that fit, with the reason on stderr."""
        if self._path is None or not self._path.exists():
            return None
        try:
            with safe_open(self._path, framework="pt") as file:
                about = json.loads(file.metadata()["about"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
        except (SafetensorError, KeyError, ValueError) as error:
            print(f"checkpoint {self._path}: cannot be read ({error}); beginning anew", file=sys.stderr)
            return None
        parts = {**self._origin, **about["origin"]}
        other = [part for part in parts if self._origin.get(part) != about["origin"].get(part)]
        if other:
            print(f"checkpoint {self._path}: made from other {', '.join(other)}; beginning anew", file=sys.stderr)
            return None
        return tensors, about["facts"]

    @property
    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return self._writes and self._path is not None and time.monotonic() - self._saved >= self._every_s

    def save(self, tensors: Mapping[str, Tensor], facts: Any) -> None:
        """Replace the checkpoint.

        Args:
            tensors: See `pack`.
            facts: Plain JSON values.
        """
        if self._path is None or not self._writes:
            return
        about = json.dumps({"origin": self._origin, "facts": facts})
        with whole(self._path) as draft:
            save_file(dict(tensors), draft, metadata={"about": about})
        self._saved = time.monotonic()

    def clear(self) -> None:
        """Remove the checkpoint: the run has succeeded."""
        if self._path is not None and self._writes:
            self._path.unlink(missing_ok=True)


def pack(objects: Mapping[str, Stateful]) -> dict[str, Tensor]:
    """Copy all state of modules, optimisers and generators into one flat mapping of tensors."""
    tensors: dict[str, Tensor] = {}
    for name, thing in objects.items():
        for key, tensor in _state(thing).items():
            # A copy: tensors that share memory, as views do, cannot be saved side by side.
            tensors[f"{name}/{key}"] = tensor.detach().to("cpu", copy=True).contiguous()
    return tensors


def unpack(tensors: Mapping[str, Tensor], objects: Mapping[str, Stateful]) -> None:
    """Give modules, optimisers and generators the state that `pack` took from their like."""
    for name, thing in objects.items():
        state = {key.removeprefix(f"{name}/"): value for key, value in tensors.items() if key.startswith(f"{name}/")}
        if isinstance(thing, torch.Generator):
            thing.set_state(state["state"])
        elif isinstance(thing, nn.Module):
            thing.load_state_dict(state)
        else:
            groups = thing.state_dict()["param_groups"]
            thing.load_state_dict({"state": _per_parameter(state, thing), "param_groups": groups})


def _state(thing: Stateful) -> dict[str, Tensor]:
    if isinstance(thing, torch.Generator):
        return {"state": thing.get_state()}
    if isinstance(thing, nn.Module):
        return dict(thing.state_dict())
    per_parameter = thing.state_dict()["state"].items()
    return {f"{number}/{key}": value for number, values in per_parameter for key, value in values.items()}


def _per_parameter(flat: Mapping[str, Tensor], optimiser: torch.optim.Optimizer) -> dict[int, dict[str, Tensor]]:
    """Copy an optimiser's state: it would go on writing to the original.

    What is kept of each weight has the weight's own memory layout (channels last, perhaps): fused optimisers walk
    both by memory.
    """
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    nested: dict[int, dict[str, Tensor]] = {}
    for name, value in flat.items():
        number, key = name.split("/")
        weight = weights[int(number)]
        alike = torch.empty_like(weight) if value.shape == weight.shape else torch.empty_like(value)
        nested.setdefault(int(number), {})[key] = alike.detach().copy_(value)
    return nested


def fingerprint(*parts: bytes) -> str:
    """SHA-256 of byte strings, hexadecimal; how they are cut matters."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def fingerprint_code(*folders: Path) -> str:
    """Fingerprint the Python files below folders, and the version of torch that runs them."""
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return fingerprint(torch.__version__.encode(), *(path.read_bytes() for path in files))


def fingerprint_folder(folder: Path) -> str:
    """Fingerprint the files of a folder."""
    return fingerprint(*(path.read_bytes() for path in sorted(folder.iterdir())))
