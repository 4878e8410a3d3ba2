"""Run the pipeline of params.yaml twice from nothing, by force, and compare every output's hash.

python benchmarks/reproducibility.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]


def outputs(root: Path) -> dict[str, str]:
    """Run everything; return path → hash of each output."""
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--force", "--quiet"], cwd=root, check=True)
    stages: dict[str, Any] = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])}


def main() -> None:
    """Print how many outputs agree; exit with an error if any does not."""
    with tempfile.TemporaryDirectory(prefix="reproducibility-") as folder:
        subprocess.run(["git", "clone", "--quiet", REPOSITORY, folder], check=True)
        first, second = outputs(Path(folder)), outputs(Path(folder))
    different = sorted(path for path in first if first[path] != second.get(path))
    print(f"{len(first) - len(different)} of {len(first)} outputs are identical in both runs")
    if different:
        sys.exit("different: " + ", ".join(different))


if __name__ == "__main__":
    main()
