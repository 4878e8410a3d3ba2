"""The results of a study, dataset by dataset: a table to cite, and every figure of every arm."""

import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from augment.core.records import read_record
from augment.costs import hardware
from augment.results import tables
from augment.results.arm_figures import ARM_FIGURES
from augment.results.kinds import ArmKind, Baseline
from augment.results.record import ArmResult, Interval, Result
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from augment.results.tables import Cell
from augment.results.wording import ENDPOINTS, MISSING, detected, points
from augment.summary.frames import arm_table
from augment.summary.markdown import cell, escape, lines, table

BEGUN = "begun"
"""Git tag, in a workspace, of the commit of this repository that it was cloned at."""

ACCURACY = next(figure for figure in ARM_FIGURES if figure.name == "accuracy")


@dataclass(frozen=True)
class Finished:
    """What a workspace holds once its dataset is done.

    Attributes:
        settings: Its params.yaml.
        revision: Commit of this repository that ran.
        result: Of its dataset.
    """

    settings: dict[str, Any]
    revision: str
    result: Result


def is_finished(root: Path, dataset: str) -> bool:
    """Tell whether a workspace holds the result of its dataset."""
    return _result(root, dataset).exists()


def read_finished(root: Path, dataset: str) -> Finished:
    """Read what came of a dataset."""
    settings = yaml.safe_load((root / "params.yaml").read_text())
    asked = ["git", "rev-parse", "--short=10", BEGUN]
    revision = subprocess.run(asked, cwd=root, check=True, capture_output=True, text=True).stdout.strip()
    return Finished(settings, revision, read_record(Result, _result(root, dataset)))


def _result(root: Path, dataset: str) -> Path:
    return root / "results" / dataset / "comparison" / "result.json"


def write_results(folder: Path, study: str, finished: Sequence[Finished]) -> None:
    """Write ``results.md`` and ``results.csv``."""
    frames = [arm_table(each.result).assign(dataset=each.result.dataset) for each in finished]
    table = pd.concat(frames, ignore_index=True)
    table.insert(0, "dataset", table.pop("dataset"))
    table.to_csv(folder / "results.csv", index=False, lineterminator="\n")
    (folder / "results.md").write_text(markdown(study, finished, _provenance(study, finished)))


def markdown(study: str, finished: Sequence[Finished], provenance: str) -> str:
    """Write the tables: a row a dataset, a row a training set, a row a synthesizer."""
    summary = ["dataset", "`real/plain` %", "best without synthesis %", "merged", "minus `real/plain`"]
    summary += ["minus best without synthesis", "verdict", "synthetic only minus best", "control minus best"]
    sets = ["dataset", "arm", *(figure.heading for figure in ARM_FIGURES)]
    quality = ["dataset", "synthesizer", *(figure.heading for figure in SYNTHESIZER_FIGURES)]
    results = [each.result for each in finished]
    return "\n\n".join(
        [
            f"# Study: {study}",
            "## Did synthesis help?",
            lines(summary, map(_summary_row, results)),
            "Accuracy on test and differences in accuracy points, with 95 % intervals over runs and test images. Of "
            "each kind of training set the arm with the best accuracy on val is shown. The verdict is that of the "
            "merged arm against the plain real arm / against the best arm without synthesis, after Holm's correction "
            "over all arms that merge; so are differences in bold.",
            *_by_groups(results),
            "## Every training set, with its best recipe on val",
            lines([*sets, *_BASELINES], (row for result in results for row in _set_rows(result))),
            "## The synthetic images",
            lines(quality, (row for result in results for row in _quality_rows(result))),
            "## How this was made",
            provenance,
        ]
    ).replace("\n\n\n", "\n\n")


def _by_groups(results: Sequence[Result]) -> Iterable[str]:
    """Say what was asked where that is not accuracy, and lay out groups and cells where there are any."""
    asked = dict.fromkeys(ENDPOINTS[result.endpoint] for result in results if result.endpoint != "accuracy")
    if asked:
        yield f"What was asked here is the {', '.join(asked)}: differences and choices are by it."
    for result in results:
        if found := tables.endpoints(result):
            yield f"### Groups and cells: {result.dataset}"
            yield found.caption
            yield table(found, code=True)


_BASELINES = {"minus `real/plain`": Baseline.REFERENCE, "minus best without synthesis": Baseline.BEST_REAL}


def best_of(arms: Iterable[ArmResult]) -> ArmResult | None:
    """Give the arm that was best on val, the first of equals; None where there are none."""
    return max(arms, key=lambda arm: arm.val_score, default=None)


def _summary_row(result: Result) -> list[str]:
    merged, synthetic, control = (
        best_of(arm for arm in result.arms if arm.kind is kind)
        for kind in (ArmKind.MERGED, ArmKind.SYNTHETIC, ArmKind.CONTROL)
    )
    effects = [merged.against[baseline].effect.value for baseline in _BASELINES.values()] if merged else []
    return [
        result.dataset,
        _accuracy(result.reference),
        f"{_accuracy(result.best_real)} `{result.best_real.name}`",
        f"`{merged.name}`" if merged else MISSING,
        *(_difference(merged, baseline) for baseline in _BASELINES.values()),
        " / ".join(effects) or MISSING,
        _named(synthetic),
        _named(control),
    ]


def _set_rows(result: Result) -> Iterable[list[str]]:
    for train_set in dict.fromkeys(arm.train_set for arm in result.arms):
        if arm := best_of(arm for arm in result.arms if arm.train_set == train_set):
            scores = [escape(figure.text(arm.scores.get(figure.name))) for figure in ARM_FIGURES]
            differences = [_difference(arm, baseline) for baseline in _BASELINES.values()]
            yield [result.dataset, f"`{arm.name}`", *scores, *differences]


def _quality_rows(result: Result) -> Iterable[list[str]]:
    for made in result.synthesizers:
        figures = (figure.text(made.figures.get(figure.name)) for figure in SYNTHESIZER_FIGURES)
        yield [result.dataset, f"`{made.name}`", *map(escape, figures)]


def _accuracy(arm: ArmResult) -> str:
    found: Interval | None = arm.scores["accuracy"].interval
    ends = f" [{ACCURACY.number(found.low)}, {ACCURACY.number(found.high)}]" if found else ""
    return ACCURACY.number(arm.scores["accuracy"].mean) + ends


def _difference(arm: ArmResult | None, baseline: Baseline) -> str:
    compared = arm.against.get(baseline) if arm else None
    return cell(Cell(points(compared.difference), detected(compared))) if compared else MISSING


def _named(arm: ArmResult | None) -> str:
    return f"{_difference(arm, Baseline.BEST_REAL)} `{arm.name}`" if arm else MISSING


def _provenance(study: str, finished: Sequence[Finished]) -> str:
    seeds = sorted({each.settings["seeds"] for each in finished})
    names = ", ".join(f"{revision}" for revision in sorted({each.revision for each in finished}))
    kinds = {block["source"]["kind"] for each in finished for block in each.settings.get("datasets", {}).values()}
    images = " --fashion-mnist FOLDER" if "torchvision" in kinds else ""
    return (
        f"`python -m benchmarks.study {study}{images} --workspace FOLDER`\n\n"
        f"Git revision {names}; {datetime.now(UTC):%Y-%m-%d}; {', '.join(map(str, seeds))} seeds an arm; "
        f"{hardware()}, {platform.system()}, Python {platform.python_version()}. "
        "Every arm's every figure is in `results.csv`, the settings are beside it.\n"
    )
