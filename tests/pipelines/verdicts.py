"""A workspace whose stages end with a verdict, as a file of raw data gives it."""

import json
import shutil
from pathlib import Path
from typing import Any

from .conftest import Workspace

RECORD = "results/{dataset}/result.json"
WORDS = {"+": "helps", "0": "no detectable effect", "-": "hurts"}


def record(sign: str, without: float = 0.9, with_: float = 0.9, failed: str = "") -> dict[str, Any]:
    """Make what history and messages read of a record, and a key that they do not know."""
    arms = [
        {
            "train_set": train_set,
            "recipe": "plain",
            "roles": roles,
            "kind": train_set,
            "scores": {"accuracy": {"mean": mean, "interval": {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}}},
            "against": against,
        }
        for train_set, roles, mean, against in (
            ("real", ["reference", "best_real", "use"], without, {}),
            ("merged", ["chosen"], with_, {"best_real": {"difference": dict.fromkeys(("mean", "low", "high"), 0.0)}}),
        )
    ]
    left_out = [{"name": failed, "missing": "failed_checks", "reasons": ["Class 9 is not told."]}] if failed else []
    return {"arms": arms, "left_out": left_out, "effect": WORDS[sign], "verdict": f"In words: {WORDS[sign]}."}


def judging(workspace: Workspace, *datasets: str, **flow: Any) -> None:
    """Have a stage a dataset that takes its record from raw/DATASET/record.json."""
    workspace.params(datasets={name: {"steps": 1} for name in datasets}, flow={"jobs": 1, **flow})
    (workspace.root / ".gitignore").write_text("/.prefect\n/ran.txt\n/results\n")
    workspace.stages(
        judge={
            "matrix": {"dataset": "${datasets}"},
            "cmd": [
                "mkdir -p results/${item.dataset}",
                "cp raw/${item.dataset}/record.json results/${item.dataset}/result.json",
            ],
            "deps": ["raw/${item.dataset}", "work.py"],
            "params": ["datasets.${item.dataset}"],
            "outs": [RECORD.format(dataset="${item.dataset}")],
            "meta": {"flow": {"record": RECORD}},
        }
    )


def says(workspace: Workspace, dataset: str, sign: str, **scores: Any) -> None:
    """Have a dataset's next record say something."""
    file = workspace.root / "raw" / dataset / "record.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record(sign, **scores)))


def forget_cache(root: Path) -> None:
    """Take away what DVC's cache has."""
    shutil.rmtree(root / ".dvc" / "cache")
