"""Wall time of the flow beside serial `dvc repro` and what its commands alone take, on the real graph, in one run.

    python -m benchmarks.flow_vs_repro
    python -m benchmarks.flow_vs_repro --seeds 2 --per-class 100 --fashion-mnist FOLDER_WITH_THE_IDX_FILES

Each side starts from nothing, in a clone of this repository: `dvc repro` with one process at a time, as it is (an arm's
classifiers share the cores), and the flow. All must put out the same bytes. The datasets are those of params.yaml, and
Fashion-MNIST, trained shortly, if a folder is given; thinned to --per-class train images a class, if that is given.
"""

import argparse
import heapq
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from pipelines import graph, plan
from pipelines.graph import StageNode

REPOSITORY = Path(__file__).resolve().parents[1]

FASHION_MNIST: dict[str, Any] = {
    "source": {"kind": "torchvision", "name": "FashionMNIST"},
    "split": {"val": 500, "test": "official"},
    "synthesis": {"per_class": 200},
    "classifier": {"max_steps": 200},
}


def clone(folder: Path, options: argparse.Namespace) -> Path:
    """Clone the last commit of this repository without what its pipeline made."""
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, folder], check=True)
    (folder / "dvc.lock").unlink(missing_ok=True)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    if options.fashion_mnist:
        synthesizers = params["datasets"]["digits"]["synthesizers"] | {"gan": {"kind": "gan", "steps": 600}}
        params["datasets"]["fashion_mnist"] = FASHION_MNIST | {"synthesizers": synthesizers}
        shutil.copytree(options.fashion_mnist, folder / "raw" / "fashion_mnist")
    if options.per_class:
        for block in params["datasets"].values():
            block["scarcity"] = {"kind": "per_class", "count": options.per_class}
    params["seeds"] = options.seeds or params["seeds"]
    params.setdefault("flow", {})["server"] = {"port": 4387}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    # A flow on settings that are not committed is recorded as an experiment, which takes its time.
    author = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    subprocess.run(["git", *author, "commit", "--quiet", "--all", "--message", "Settings"], cwd=folder, check=True)
    return folder


def repro(root: Path, **environment: str) -> float:
    """Run `dvc repro`; return its wall time."""
    began, words = time.monotonic(), [sys.executable, "-m", "dvc", "repro"]
    done = subprocess.run(words, cwd=root, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"`dvc repro` failed in {root}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.monotonic() - began


def command_seconds(root: Path) -> dict[str, float]:
    """Read what the command of each stage took there, without DVC."""
    notes = [json.loads(path.read_text()) for path in (root / "scratch" / "costs").glob("*.json")]
    return {note["stage"]: note["wall_s"] for note in notes}


def flow(root: Path, *words: str) -> float:
    """Run the flow; return its wall time, its own server's start and stop included."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", "run", *words], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the flow failed in {root}:\n{done.stderr[-3000:]}")
    return time.monotonic() - began


def without_overhead(root: Path, seconds: dict[str, float], jobs: int) -> float:
    """Let the flow's own schedule run on a clock that only the commands move; return when the last one ends."""
    clock = 0.0
    running: list[tuple[float, str]] = []

    def start(stage: StageNode) -> None:
        heapq.heappush(running, (clock + seconds[stage.name], stage.name))

    def wait() -> str:
        nonlocal clock
        clock, name = heapq.heappop(running)
        return name

    planned = plan.make(graph.read(root), force=True)
    plan.schedule(planned, jobs, start, wait, lambda: False)
    return clock


def main() -> None:
    """Measure and print; exit with an error if the sides did not put out the same bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fashion-mnist", type=Path, help="folder with the four idx.gz files")
    parser.add_argument("--per-class", type=int, help="train images of each class (default: as params.yaml says)")
    parser.add_argument("--seeds", type=int, help="classifier runs of an arm, for a shorter measurement")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flow-vs-repro-") as folder:
        serial, plain, parallel = (clone(Path(folder) / name, options) for name in ("serial", "plain", "parallel"))
        serial_s, plain_s = repro(serial, LOKY_MAX_CPU_COUNT="1"), repro(plain)
        flow_s = flow(parallel, "--jobs", str(options.jobs))
        noop_s = flow(parallel)
        # Of the flow's own run: two commands side by side may each take longer than alone, which no flow can help.
        seconds = command_seconds(parallel)
        ideal_s, path_s = (without_overhead(parallel, seconds, jobs) for jobs in (options.jobs, len(seconds)))
        over_s = flow_s - ideal_s
        locks = [yaml.safe_load((root / "dvc.lock").read_text())["stages"] for root in (serial, plain, parallel)]
        print(f"stages                       {len(seconds)}")
        print(f"dvc repro, one process       {serial_s:7.1f} s")
        print(f"dvc repro as it is           {plain_s:7.1f} s   {plain_s / serial_s:.2f} x one process")
        print(f"flow, {options.jobs} jobs                 {flow_s:7.1f} s   {flow_s / serial_s:.2f} x one process")
        print(f"its commands, {options.jobs} at a time    {ideal_s:7.1f} s   (critical path: {path_s:.1f} s)")
        share = f"{over_s / len(seconds):.2f} s a stage, {over_s / flow_s:.1%} of the flow"
        print(f"overhead                     {over_s:7.1f} s   {share}")
        print(f"flow with nothing to do      {noop_s:7.1f} s")
        same = locks[0] == locks[1] == locks[2]
        print(f"outputs byte-identical       {'yes' if same else 'NO'}")
        if not same:
            different = [name for name in locks[0] if any(locks[0][name] != lock.get(name) for lock in locks[1:])]
            raise SystemExit(json.dumps(different))


if __name__ == "__main__":
    main()
