"""What running a stage cost: time, memory, and the machine. A note beside the results, never part of them.

Machines differ, so that nothing of this may reach a stage's outputs: two clones would no longer make the same bytes.
The notes lie in a scratch folder that DVC does not know. A stage that DVC restores from its cache leaves none.
"""

import contextlib
import json
import os
import platform
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from augment.core.store import write_json
from augment.runtime.progress import TALLY

STAGE = "DVC_STAGE"
"""Environment variable in which DVC tells a command the name of its stage, e.g. ``train_judge@digits``."""

RANK = "LOCAL_RANK"
"""Environment variable in which Fabric numbers the processes that train together, each of which runs the command."""

COMPUTE = {"torch": "torch", "torchvision": "torchvision", "timm": "timm", "numpy": "numpy", "scipy": "scipy"} | {
    "scikit-learn": "sklearn",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "pillow": "PIL",
}
"""Libraries whose version what a stage makes may depend on: distribution → module."""


def note(folder: Path) -> None:
    """Note what this process has cost since it began, with its children, if it is DVC that runs it.

    With it, how many trainings it made that stop by themselves, and their steps: the next estimate goes by them.
    Of processes that train together only the first does. A folder that cannot be written fails no stage.
    """
    stage = os.environ.get(STAGE)
    if stage and os.environ.get(RANK, "0") == "0":
        with contextlib.suppress(OSError):
            write_json(folder / f"{stage.replace('/', '_')}.json", {"stage": stage, **_cost()})


def upgraded(folder: Path) -> Iterator[str]:
    """Tell of each library that has another version than when stages ran here, and what DVC makes of that.

    Notes without versions, of an older version of this project, tell of none.
    """
    then = Counter[tuple[str, str]]()
    for path in folder.glob("*.json"):
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            then.update(json.loads(path.read_text(encoding="utf-8")).get("versions", {}).items())
    for (library, used), stages in sorted(then.items()):
        with contextlib.suppress(ImportError):
            if used != (now := version(library)):
                yield f"{library} {used} has become {now} since {stages} stage{'s' * (stages > 1)} ran here"


def _cost() -> dict[str, Any]:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "wall_s": round(time.time() - psutil.Process().create_time(), 2),
        "cpu_s": round(own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime, 2),
        "peak_bytes": max(own.ru_maxrss, children.ru_maxrss) * 1024,  # Linux counts in KiB
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(),
        "versions": {library: version(library) for library, module in COMPUTE.items() if module in sys.modules},
        **({"trainings": TALLY.trainings, "steps": TALLY.steps} if TALLY.trainings else {}),
    }


def hardware() -> str:
    """Name the processor and, where this process used one, the accelerator."""
    described = f"{_processor()}, {os.cpu_count()} cores"
    torch = sys.modules.get("torch")  # importing it here would take seconds; a stage that uses it has imported it
    if torch is not None and torch.cuda.is_initialized():
        return f"{torch.cuda.get_device_name()}; {described}"
    return described


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
