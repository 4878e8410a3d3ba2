"""The results of a study, dataset by dataset: a table to cite, and every figure of every arm."""

import json
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from augment.costs import hardware
from augment.evaluation.contests import Outcome
from augment.evaluation.intervals import Interval
from augment.evaluation.wording import markdown_table, points

BEGUN = "begun"
"""Git tag, in a workspace, of the commit of this repository that it was cloned at."""

Arm = dict[str, Any]
"""A row of `augment.evaluation.tables.arm_table`, with its ``dataset``."""


@dataclass(frozen=True)
class Finished:
    """What a workspace holds once its dataset is done.

    Attributes:
        dataset: Its name.
        settings: Its params.yaml.
        revision: Commit of this repository that ran.
        arms: In the order of params.yaml.
        quality: Synthesizer → its quality.json.
    """

    dataset: str
    settings: dict[str, Any]
    revision: str
    arms: list[Arm]
    quality: dict[str, dict[str, Any]]


def is_finished(root: Path, dataset: str) -> bool:
    """Tell whether a workspace holds the comparison of its own dataset; a fresh clone holds another's."""
    return _table(root, dataset).exists()


def read_finished(root: Path, dataset: str) -> Finished:
    """Read what came of a dataset."""
    settings = yaml.safe_load((root / "params.yaml").read_text())
    asked = ["git", "rev-parse", "--short=10", BEGUN]
    revision = subprocess.run(asked, cwd=root, check=True, capture_output=True, text=True).stdout.strip()
    table = pd.read_csv(_table(root, dataset)).astype(object)
    rows: list[Arm] = json.loads(
        table.to_json(orient="records", double_precision=15)
    )  # with None where a cell is empty
    arms = [{"dataset": dataset} | row for row in rows]
    folder = root / "results" / dataset / "synthetic"
    names = [name for family in settings["synthesizers"].values() for name in family]
    quality = {name: json.loads((folder / name / "quality.json").read_text()) for name in names}
    return Finished(dataset, settings, revision, arms, quality)


def _table(root: Path, dataset: str) -> Path:
    return root / "reports" / "arms" / f"{dataset}.csv"


def write_results(folder: Path, study: str, finished: Sequence[Finished]) -> None:
    """Write ``results.md`` and ``results.csv``."""
    pd.DataFrame([arm for each in finished for arm in each.arms]).to_csv(
        folder / "results.csv", index=False, lineterminator="\n"
    )
    (folder / "results.md").write_text(markdown(study, finished, _provenance(study, finished)))


def markdown(study: str, finished: Sequence[Finished], provenance: str) -> str:
    """Write the tables: a row a dataset, a row a training set, a row a synthesizer."""
    summary = ["dataset", "`real/plain` %", "best without synthesis %", "merged", "minus `real/plain`"]
    summary += ["minus best without synthesis", "verdict", "synthetic only minus best", "control minus best"]
    sets = ["dataset", "arm", "accuracy %", "macro-F1 %", "minus `real/plain`", "minus best without synthesis"]
    quality = ["dataset", "synthesizer", "failed checks", "label fidelity (lowest class)", "Fréchet distance (real)"]
    quality += ["coverage", "near copies % (expected)", "pull", "membership AUC: pixels", "features"]
    return "\n\n".join(
        [
            f"# Study: {study}",
            "## Did synthesis help?",
            markdown_table(summary, [_summary_row(each) for each in finished]),
            "Accuracy on test and differences in accuracy points, with 95 % intervals over runs and test images. Of "
            "each kind of training set the arm with the best accuracy on val is shown. The verdict is that of the "
            "merged arm against the plain real arm / against the best arm without synthesis, after Holm's correction "
            "over all arms that merge; so are differences in bold.",
            "## Every training set, with its best recipe on val",
            markdown_table(sets, [row for each in finished for row in _set_rows(each)]),
            "## The synthetic images",
            markdown_table(quality, [row for each in finished for row in _quality_rows(each)]),
            "## How this was made",
            provenance,
        ]
    ).replace("\n\n\n", "\n\n")


def best_of(arms: Iterable[Arm], key: str, value: str) -> Arm | None:
    """Give the arm that was best on val, the first of equals, among those with a value; None where there are none."""
    own = [arm for arm in arms if arm[key] == value]
    return max(own, key=lambda arm: float(arm["val_accuracy"]), default=None)


def _with_role(arms: Iterable[Arm], role: str) -> Arm:
    return next(arm for arm in arms if role in str(arm["role"]))


def _summary_row(each: Finished) -> list[str]:
    plain, best = (_with_role(each.arms, role) for role in ("reference", "best without synthesis"))
    merged, synthetic, control = (best_of(each.arms, "kind", kind) for kind in ("merged", "synthetic", "control"))
    return [
        each.dataset,
        _accuracy(plain),
        f"{_accuracy(best)} `{best['arm']}`",
        f"`{merged['arm']}`" if merged else "–",
        _difference(merged, "real"),
        _difference(merged, "best_real"),
        f"{merged['outcome_real']} / {merged['outcome_best_real']}" if merged else "–",
        _named(synthetic),
        _named(control),
    ]


def _set_rows(each: Finished) -> list[list[str]]:
    train_sets = dict.fromkeys(arm["train_set"] for arm in each.arms)
    best = [best_of(each.arms, "train_set", train_set) for train_set in train_sets]
    return [
        [
            each.dataset,
            f"`{arm['arm']}`",
            _accuracy(arm),
            f"{arm['macro_f1'] * 100:.1f}",
            _difference(arm, "real"),
            _difference(arm, "best_real"),
        ]
        for arm in best
        if arm
    ]


def _quality_rows(each: Finished) -> list[list[str]]:
    return [
        [
            each.dataset,
            f"`{name}`",
            str(figures["failed_checks"]),
            f"{figures['label_fidelity']:.3f} ({figures['lowest_label_fidelity']:.3f})",
            f"{figures['frechet_distance']:.2f} ({figures['real_reference']['frechet_distance']:.2f})",
            f"{figures['coverage']:.2f}",
            f"{figures['memorisation']['pixels']['near_copies'] * 100:.1f} "
            f"({figures['memorisation']['pixels']['expected_near_copies'] * 100:.1f})",
            f"{figures['memorisation']['pixels']['pull']:.2f}",
            *(_attack(figures, space) for space in ("pixels", "features")),
        ]
        for name, figures in each.quality.items()
    ]


def _attack(figures: dict[str, Any], space: str) -> str:
    if "membership" not in figures:  # the workspace was begun before there was one
        return "–"
    return "{auc:.3f} [{auc_low:.3f}, {auc_high:.3f}]".format(**figures["membership"][space])


def _accuracy(arm: Arm) -> str:
    mean, low, high = (arm[name] * 100 for name in ("accuracy", "accuracy_low", "accuracy_high"))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def _difference(arm: Arm | None, rival: str) -> str:
    if arm is None or arm[f"to_{rival}"] is None:  # it is the rival
        return "–"
    text = points(Interval(*(arm[f"{name}_{rival}"] for name in ("to", "low", "high"))))
    return text if arm[f"outcome_{rival}"] == Outcome.NO_EFFECT else f"**{text}**"


def _named(arm: Arm | None) -> str:
    return f"{_difference(arm, 'best_real')} `{arm['arm']}`" if arm else "–"


def _provenance(study: str, finished: Sequence[Finished]) -> str:
    seeds = sorted({each.settings["seeds"] for each in finished})
    names = ", ".join(f"{revision}" for revision in sorted({each.revision for each in finished}))
    return (
        f"`python -m benchmarks.study {study} --fashion-mnist FOLDER --workspace FOLDER`\n\n"
        f"Git revision {names}; {datetime.now(UTC):%Y-%m-%d}; {', '.join(map(str, seeds))} seeds an arm; "
        f"{hardware()}, {platform.system()}, Python {platform.python_version()}. "
        "Every arm's every figure is in `results.csv`, the settings are beside it.\n"
    )
