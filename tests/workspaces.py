"""A clone of the project with settings so small that all of it runs in a minute or two."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1]
TINY_DATASET: dict[str, Any] = {
    "source": {"kind": "sklearn_digits"},
    "split": {"val": 60, "test": 100},
    "scarcity": {"kind": "per_class", "count": 8},
    "synthesizers": {
        "gan": {"kind": "gan", "steps": 4, "network": {"width": 4}, "monitor": {"points": 2}},
        "smote": {"kind": "smote"},
    },
    "synthesis": {"per_class": 20},
    "classifier": {"width": 4, "max_steps": 6, "eval_every": 3},
}
TINY: dict[str, Any] = {
    "seed": 0,
    "seeds": 2,
    "runtime": {"device": "cpu", "precision": "fp32", "threads": 1},
    "synthesizers": {"gan": ["gan"], "vae": [], "classical": ["smote"]},
    "datasets": {"digits": TINY_DATASET},
    "gate": {"label_fidelity": 0.0, "coverage": 0.0, "recall": 0.0, "diversity": 0.0},
    "verdict": {},
    "mixes": {
        "merged": {"synthesizer": "gan", "share": 0.5},
        "synthetic": {"synthesizer": "smote", "share": 1.0, "filter": {"near_copies": False}},
    },
    "auto_mixes": {"best": {"synthesizer": "gan", "shares": [0.0, 0.25], "recipe": "plain", "runs": 2}},
    "tuned": {},
    "arms": {
        "train_sets": ["real", "merged", "synthetic", "best"],
        "recipes": {"plain": {"transforms": "none", "sampling": "natural"}},
    },
}
SHAPES = TINY_DATASET | {
    "source": {"kind": "image_folder", "image_size": 12, "mode": "rgb"},
    "split": {"val": 12, "test": 12},
    "scarcity": {"kind": "none"},
    "synthesizers": {
        "gan": TINY_DATASET["synthesizers"]["gan"] | {"rollbacks": 0, "optimiser": {"learning_rate": 1e30}},
        "smote": {"kind": "smote"},
    },
}
"""A folder of images, and a GAN that diverges."""


class Workspace:
    """A clone of the project with tiny settings."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # `python` in dvc.yaml must be the interpreter that runs the tests, and `make` none that `make test` started.
        scripts = str(Path(sys.executable).parent)
        given = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
        self.environment = given | {"PATH": scripts + os.pathsep + os.environ["PATH"]}

    def run(self, *command: str) -> str:
        """Run a command here; fail the test with its output if it fails."""
        result = self.call(*command)
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command here, whatever comes of it."""
        return subprocess.run(command, cwd=self.path, env=self.environment, capture_output=True, text=True, check=False)

    def repro(self, *options: str) -> list[str]:
        """Run `dvc repro` and give the names of the stages that ran."""
        lines = self.run("dvc", "repro", *options).splitlines()
        return [line.split("'")[1] for line in lines if line.startswith("Running stage")]

    def stale(self) -> set[str]:
        """Name the stages that `dvc status` calls changed."""
        return set(json.loads(self.run("dvc", "status", "--json")))

    def lock(self) -> Any:
        """Give the hashes of everything made."""
        return yaml.safe_load((self.path / "dvc.lock").read_text())

    def set(self, **changes: Any) -> None:
        """Write the tiny settings with changes at the top level."""
        (self.path / "params.yaml").write_text(yaml.safe_dump(TINY | changes, sort_keys=False))


def clone_project(path: Path) -> Workspace:
    """Copy the project as it stands, uncommitted changes included, with the tiny settings and nothing run."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (PROJECT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, path / name)  # with its time, by which make goes
    clone = Workspace(path)
    clone.set()
    (path / "dvc.lock").unlink(missing_ok=True)
    return clone
