"""A week of `python -m pipelines serve` in fast motion: does it stay up, and do its memory and disk stay flat?

python -m benchmarks.service_week --runs 200

Runs follow each other at once instead of by the clock. Before each the data change (now and then they do not), some of
them cannot be read, so that the run fails, and some runs are killed. As many runs apart as a night's `make tidy` would
be, it is called. Printed are memory of the process that serves and of the Prefect server, and what is on the disk.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import yaml

from pipelines.server import environment
from pipelines.settings import ServerSettings

REPOSITORY = Path(__file__).resolve().parents[1]
PORT, OUTPUT_BYTES, PATIENCE_S = 4397, 1_000_000, 240.0
WORDS = ("helps", "no detectable effect", "hurts")
WORK = f"""
import json, pathlib, random, sys, time
told = json.loads(pathlib.Path("raw/toys/told.json").read_text())
pathlib.Path("big").write_bytes(random.Random(told["seed"]).randbytes({OUTPUT_BYTES}))
time.sleep(told["seconds"])
record = {{"arms": [], "left_out": [], "effect": told["word"], "verdict": told["word"]}}
pathlib.Path("record-toys.json").write_text(json.dumps(record))
"""


def main() -> int:
    """Live through the runs; return 1 if one ended otherwise than it had to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--tidy-every", type=int, default=10, help="runs from one `tidy` to the next")
    parser.add_argument("--show-every", type=int, default=5, help="runs from one line to the next")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        _make(root)
        os.environ.update(environment(root, ServerSettings(port=PORT)) | {"PYTHONPATH": str(REPOSITORY)})
        with _serving(root) as process:
            return _live(root, process, options)


def _make(root: Path) -> None:
    (root / "raw" / "toys").mkdir(parents=True)
    (root / "work.py").write_text(WORK)
    (root / ".gitignore").write_text("/.prefect\n/big\n/record-toys.json\n")
    stage: dict[str, Any] = {
        "cmd": "python work.py",
        "deps": ["raw/toys", "work.py"],
        "outs": ["big", "record-toys.json"],
    }
    stage["meta"] = {"flow": {"record": "record-{dataset}.json"}}
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"judge": stage}}))
    params = {"datasets": {"toys": {}}, "flow": {"server": {"port": PORT}, "stop_grace_s": 1.0}}
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    git = ("git", "-c", "user.name=Week", "-c", "user.email=week@localhost")
    for command in (("git", "init", "--quiet"), (sys.executable, "-m", "dvc", "init", "--quiet"), (*git, "add", "."),
                    (*git, "commit", "--quiet", "--message", "Begin")):  # fmt: skip
        subprocess.run(command, cwd=root, check=True)


@contextmanager
def _serving(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (root.parent / "serve.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "pipelines", "serve"], cwd=root, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _live(root: Path, process: subprocess.Popen[bytes], options: argparse.Namespace) -> int:
    from prefect.client.orchestration import get_client  # it reads its environment when it is loaded

    chance, ended, wrong = random.Random(options.seed), Counter[str](), 0  # noqa: S311 - to be repeated
    with get_client(sync_client=True) as client:
        deployment = _eventually(lambda: _quietly(client.read_deployments), "no deployment")[0]
        print("run  serve MB  server MB  cache MB  .prefect MB  .git MB  ended", flush=True)
        for run in range(1, options.runs + 1):
            fault = chance.choices(("", "broken", "killed"), (8, 1, 1))[0]
            _change(root, chance, fault)
            made = client.create_flow_run_from_deployment(deployment.id)
            if fault == "killed":
                _kill(process, lambda run=made.id: _state(client, run))  # type: ignore[misc]
            state = _eventually(lambda run=made.id: _final(client, run), f"run {run} did not end")  # type: ignore[misc]
            ended[state] += 1
            wrong += state != {"": "Completed", "broken": "Failed", "killed": "Crashed"}[fault]
            if run % options.tidy_every == 0:
                subprocess.run(
                    [sys.executable, "-m", "pipelines", "tidy"], cwd=root, stdout=subprocess.DEVNULL, check=True
                )
            if run % options.show_every == 0 or run == options.runs:
                print(_line(root, process, run, ended), flush=True)
        points = subprocess.run(
            ["git", "rev-list", "--count", "refs/flow/history"], cwd=root, capture_output=True, text=True, check=True
        )
    print(f"{points.stdout.strip()} runs in the history; {wrong} ended otherwise than they had to")
    return int(wrong > 0 or process.poll() is not None)


def _change(root: Path, chance: random.Random, fault: str) -> None:
    file = root / "raw" / "toys" / "told.json"
    good = file.exists() and '"seconds": 0' in file.read_text()  # neither broken nor of a run that was to be killed
    if fault == "broken":
        file.write_text("{")
    elif fault or chance.random() < 0.8 or not good:
        told = {"seed": chance.random(), "word": chance.choice(WORDS), "seconds": 600 if fault else 0}
        file.write_text(json.dumps(told))


def _kill(process: subprocess.Popen[bytes], state: Callable[[], str]) -> None:
    """Kill the process of a run at work, as a machine short of memory would."""
    _eventually(lambda: state() == "Running" and _flow_runs(process), "no run to kill")
    time.sleep(3)
    for each in _flow_runs(process):
        each.kill()


def _flow_runs(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [each for each in psutil.Process(process.pid).children() if not _serves(each)]


def _serves(process: psutil.Process) -> bool:
    return any("app.py" in _words(each) for each in (process, *process.children(recursive=True)))


def _words(process: psutil.Process) -> str:
    with suppress(psutil.Error):  # it has just ended
        return " ".join(process.cmdline()[-4:])
    return ""


def _state(client: Any, run: UUID) -> str:
    return str(client.read_flow_run(run).state_name)


def _final(client: Any, run: UUID) -> str:
    found = client.read_flow_run(run).state
    return str(found.name) if found and found.is_final() else ""


def _quietly(ask: Callable[[], Any]) -> Any:
    import httpx

    with suppress(httpx.HTTPError):
        return ask()


def _eventually(ask: Callable[[], Any], otherwise: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(0.5)
    return found


def _line(root: Path, process: subprocess.Popen[bytes], run: int, ended: Counter[str]) -> str:
    serve = psutil.Process(process.pid)
    servers = [each for each in serve.children(recursive=True) if "app.py" in _words(each)]
    memory = (serve.memory_info().rss, sum(each.memory_info().rss for each in servers))
    disk = [_bytes(root / part) for part in (".dvc/cache", ".prefect", ".git")]
    figures = "".join(f"{count / 1e6:10.1f}" for count in (*memory, *disk))
    return f"{run:3d} {figures}  {', '.join(f'{count} {name}' for name, count in sorted(ended.items()))}"


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


if __name__ == "__main__":
    sys.exit(main())
