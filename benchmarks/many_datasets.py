"""CPU seconds of what finds nothing to do, and of one stage that runs, in a project of many datasets.

    python -m benchmarks.many_datasets --datasets 1 4 16
    python -m benchmarks.many_datasets --datasets 16 --remedy settings code --folder FOLDER

One dataset of params.yaml runs in a throw-away clone, with tiny settings but every stage; what it made is then there
once for each dataset, under other names, and so are its entries in dvc.lock: DVC looks at names, sizes, times and
checksums, so it cannot tell. `--remedy` rewrites the clone's graph as a remedy would have it, before the clock starts.
With --folder the one run is kept there, for the next time.

many_datasets.md has the figures, what was tried and what was chosen.
"""

import argparse
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
MADE = ("data", "models", "products", "raw", "reports", "results")  # folders with one folder a dataset
NAME = "digits"  # of the dataset that runs
_NAMED = re.compile(rf"(?<![a-z_]){NAME}")  # in a path, a key or an address; not in `sklearn_digits`
GAN = {"kind": "gan", "steps": 4, "network": {"width": 4}, "monitor": {"points": 2}}
TINY: dict[str, Any] = {
    "split": {"val": 60, "test": 100},
    "scarcity": {"kind": "per_class", "count": 8},
    "synthesizers": {"gan": GAN, "smote": {"kind": "smote"}},
    "synthesis": {"per_class": 20},
    "classifier": {"width": 4, "max_steps": 6, "eval_every": 3},
}


class _Dumper(yaml.CSafeDumper):
    """Writes each value where it stands, without YAML's references, as DVC does."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def read(path: Path) -> dict[str, Any]:
    """Read a YAML mapping."""
    return dict(yaml.load(path.read_text(), yaml.CSafeLoader))


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a YAML mapping."""
    path.write_text(yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=120))


def run(root: Path, *command: str) -> float:
    """Run a command that must succeed; return the CPU seconds that it and all it waited for took."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ours = {"PATH": path, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=root, env=os.environ | ours, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed in {root}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def dvc(root: Path, *words: str) -> float:
    """Run a DVC command that must succeed; return its CPU seconds."""
    return run(root, sys.executable, "-m", "dvc", *words)


def run_one(root: Path) -> None:
    """Run the pipeline of a clone with one dataset."""
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, root], check=True)
    (root / "dvc.lock").unlink(missing_ok=True)
    settings = read(root / "params.yaml")
    settings |= {"seeds": 2, "gate": dict.fromkeys(settings["gate"], 0.0)}
    settings["runtime"] |= {"device": "cpu", "precision": "fp32"}
    settings["datasets"] = {NAME: settings["datasets"][NAME] | TINY}
    write(root / "params.yaml", settings)
    dvc(root, "repro")


def multiply(one: Path, root: Path, number: int, remedies: list[str]) -> list[str]:
    """Make a clone with as many copies of the one dataset, all up to date; return their names."""
    names = [f"d{each:02}" for each in range(number)]
    left = {str(one): ["scratch", ".git"], str(one / ".dvc"): ["tmp"]} | {str(one / top): [NAME] for top in MADE}
    shutil.copytree(one, root, symlinks=True, ignore=lambda folder, _: left.get(folder, []))
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    for top, name in ((top, name) for top in MADE for name in names):
        if (one / top / NAME).exists():
            shutil.copytree(one / top / NAME, root / top / name)
    settings, lock = read(root / "params.yaml"), read(root / "dvc.lock")
    settings["datasets"] = dict.fromkeys(names, settings["datasets"][NAME])
    lock["stages"] = dict(_copies(lock["stages"], names))
    graph = read(root / "dvc.yaml")
    for remedy in remedies:
        REMEDIES[remedy](root, graph, lock, settings)
    write(root / "dvc.yaml", graph)
    write(root / "params.yaml", settings)
    write(root / "dvc.lock", lock)
    dvc(root, "commit", "--force", "check", "overview")  # which are of all datasets
    return names


def _copies(entries: dict[str, Any], names: list[str]) -> Iterator[tuple[str, Any]]:
    for stage, entry in entries.items():
        if not _NAMED.search(stage):
            yield stage, entry
            continue
        for name in names:
            yield _NAMED.sub(name, stage), json.loads(_NAMED.sub(name, json.dumps(entry)))


def settings_as_files(root: Path, graph: dict[str, Any], lock: dict[str, Any], settings: dict[str, Any]) -> None:
    """Have `check` write the settings out again, as JSON, those of a dataset in a file of its own; stages read that."""
    (root / "settings").mkdir(exist_ok=True)
    for name, block in settings["datasets"].items():
        (root / f"settings/{name}.json").write_text(json.dumps({"datasets": {name: block}}))
    common = {key: value for key, value in settings.items() if key not in ("datasets", "flow")}
    (root / "settings/common.json").write_text(json.dumps(common))
    graph["stages"]["check"]["outs"] = ["settings"]

    def where(key: str) -> str:
        return f"settings/{key.split('.')[1]}.json" if key.startswith("datasets.") else "settings/common.json"

    for stage, entry in graph["stages"].items():
        if "params" in entry and stage != "overview":
            own = [key for key in entry["params"] if key.startswith("datasets.")]
            files = {"settings/common.json": [key for key in entry["params"] if key not in own]}
            files["settings/${item.dataset}.json"] = own
            entry["params"] = [{file: keys} for file, keys in files.items() if keys]
    for stage, entry in lock["stages"].items():
        if "params" in entry and stage != "overview":
            values = entry["params"].pop("params.yaml")
            for key, value in values.items():
                entry["params"].setdefault(where(key), {})[key] = value


def code_as_fingerprints(root: Path, graph: dict[str, Any], lock: dict[str, Any], _: dict[str, Any]) -> None:
    """Have `check` write a checksum of each code folder into one JSON file; stages depend on their lines of it."""
    found: dict[str, str] = {}

    def fingerprints(deps: list[Any]) -> list[str]:
        paths = [each if isinstance(each, str) else each["path"] for each in deps]
        for path in (each for each in paths if each.startswith("augment/") and each not in found):
            files = sorted((root / path).rglob("*.py")) if (root / path).is_dir() else [root / path]
            found[path] = hashlib.md5(b"".join(file.read_bytes() for file in files), usedforsecurity=False).hexdigest()
        return [each.removesuffix(".py") for each in paths if each.startswith("augment/")]

    for stage, entry in graph["stages"].items():
        if stage not in ("check", "overview"):
            keys = fingerprints(entry["deps"])
            entry["deps"] = [each for each in entry["deps"] if not each.startswith("augment/")]
            entry["params"] = [*entry.get("params", []), {"settings/code.json": keys}]
    values = {path.removesuffix(".py"): value for path, value in found.items()}
    for stage, entry in lock["stages"].items():
        if stage not in ("check", "overview"):
            keys = fingerprints(entry["deps"])
            entry["deps"] = [each for each in entry["deps"] if not each["path"].startswith("augment/")]
            entry.setdefault("params", {})["settings/code.json"] = {key: values[key] for key in keys}
    (root / "settings").mkdir(exist_ok=True)
    (root / "settings/code.json").write_text(json.dumps(values))
    graph["stages"]["check"]["outs"] = ["settings"]


def one_graph_a_dataset(root: Path, graph: dict[str, Any], lock: dict[str, Any], settings: dict[str, Any]) -> None:
    """Move the stages of each dataset to a dvc.yaml of its own, with its own dvc.lock; to be the last remedy."""
    own = {stage: entry for stage, entry in graph["stages"].items() if "dataset" in entry.get("matrix", {})}
    for name in settings["datasets"]:
        folder = root / "datasets" / name
        folder.mkdir(parents=True)
        moved = {stage: entry | {"matrix": entry["matrix"] | {"dataset": [name]}} for stage, entry in own.items()}
        moved = {stage: {"wdir": "../.."} | entry for stage, entry in moved.items()}
        write(folder / "dvc.yaml", {"vars": ["../../params.yaml"], "stages": moved})
        mine = [stage for stage in lock["stages"] if re.search(rf"@{name}\b", stage)]
        write(folder / "dvc.lock", {"schema": "2.0", "stages": {stage: lock["stages"].pop(stage) for stage in mine}})
    for stage in own:
        del graph["stages"][stage]


REMEDIES = {"settings": settings_as_files, "code": code_as_fingerprints, "split": one_graph_a_dataset}


def _require_nothing_to_do(root: Path) -> None:
    asked = [sys.executable, "-m", "dvc", "status", "--json"]
    told = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout
    if changed := json.loads(told):
        raise SystemExit(f"expected {root} to be up to date, found changes in {len(changed)} stages: {told[:2000]}")


def measure(root: Path, names: list[str], flow: bool) -> Iterator[tuple[str, float]]:
    """Take each measurement; yield what it is of and its CPU seconds."""
    last, python = names[-1], (sys.executable, "-m", "pipelines")
    split = (root / "datasets").exists()
    place = f"datasets/{last}/dvc.yaml:" if split else ""
    _require_nothing_to_do(root)  # which also fills DVC's table of checksums
    yield "dvc status", dvc(root, "status")
    yield "dvc repro", dvc(root, "repro", *(["--all-pipelines"] if split else []))
    yield f"dvc repro report@{last}", dvc(root, "repro", f"{place}report@{last}")
    command = run(root, sys.executable, "-m", "augment", "--help")
    yield "one stage runs, beside its command", dvc(root, "repro", "-s", "-f", f"{place}summary@{last}") - command
    if split:  # the flow knows coordinates of the stages of the first dvc.yaml alone
        return
    yield "pipelines plan", run(root, *python, "plan")
    yield f"pipelines plan --dataset {last}", run(root, *python, "plan", "--dataset", last)
    if flow:
        yield "pipelines run", run(root, *python, "run")


def main() -> None:
    """Print a table, datasets beside each other."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--datasets", type=int, nargs="+", default=[1, 4, 16])
    options.add_argument(
        "--remedy", nargs="+", choices=REMEDIES, default=[], help="rewrite the graph first, in this order"
    )
    options.add_argument("--flow", action="store_true", help="a whole Prefect run, too")
    options.add_argument("--folder", type=Path, help="where the one run is, or is to be kept")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="many-datasets-") as temporary:
        one = chosen.folder or Path(temporary) / "one"
        if not one.exists():
            run_one(one)
        for number in chosen.datasets:
            root = Path(temporary) / f"of-{number}"
            names = multiply(one, root, number, chosen.remedy)
            locks = [root / "dvc.lock", *root.glob("datasets/*/dvc.lock")]
            stages, lines = sum(len(read(lock)["stages"]) for lock in locks), len(locks[0].read_text().splitlines())
            print(f"{number} datasets, {stages} stages, dvc.lock of {lines} lines")
            for what, seconds in measure(root, names, chosen.flow):
                print(f"  {what:40} {seconds:7.1f} CPU-s", flush=True)
            shutil.rmtree(root)


if __name__ == "__main__":
    main()
