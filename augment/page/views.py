"""The page's tables: rows of text, ready for the template."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from augment.evaluation.contests import Outcome
from augment.evaluation.intervals import Interval
from augment.evaluation.wording import cut_off_note, p_value, percent, points
from augment.page.content import DatasetResults, Json, SynthesizerResults

MOST_CELLS_A_SIDE, MOST_CONFUSIONS = 15, 12
"""Classes up to which a whole confusion matrix can be read; else the commonest confusions, and how many of them."""

MOST_ROWS = 20
"""Rows up to which a table of classes is shown at once."""

MOST_PICTURED = 20
"""Classes that the pictures of `augment.assessment.pictures` show."""

MISSING = "–"

Row = Mapping[Any, Any]
"""One row of a table: column → value."""


class Badge(NamedTuple):
    """What an arm does against a rival.

    Attributes:
        rival: Its name.
        part: What kind of rival it is.
        outcome: ``helps``, ``no detectable effect`` or ``hurts``.
        tone: The CSS class of the outcome.
        sign: Says the same by its shape.
        points: Difference and interval.
        p: Corrected p-value.
    """

    rival: str
    part: str
    outcome: str
    tone: str
    sign: str
    points: str
    p: str


TONES = {Outcome.HELPS: ("helps", "▲"), Outcome.NO_EFFECT: ("neutral", "○"), Outcome.HURTS: ("hurts", "▼")}
HEADLINES = {Outcome.HELPS: "It helps", Outcome.NO_EFFECT: "No detectable effect", Outcome.HURTS: "It hurts"}


def badges(verdict: Json) -> list[Badge]:
    """List the verdicts on the chosen arm, one a rival."""
    found = []
    parts = {
        verdict["reference"]: "the plain real arm",
        verdict["best_without_synthesis"]: "the best arm without synthesis",
    }
    for contest in verdict["contests"]:
        part = parts.get(contest["rival"], "its own recipe without synthesis")
        figures = _points(**contest["difference"]), p_value(contest["p_holm"])
        found.append(Badge(contest["rival"], part, contest["outcome"], *TONES[Outcome(contest["outcome"])], *figures))
    return found


class Cell(NamedTuple):
    """A figure in a table; ``strong`` where it is a detected difference."""

    text: str
    strong: bool = False


class ArmRow(NamedTuple):
    """One arm.

    Attributes:
        recipe: Its recipe.
        kind: Of its training set, see `augment.evaluation.arms.Kind`.
        roles: The parts it plays.
        used: Whether the verdict says to use it.
        cells: Its figures, in the order of `arm_titles`.
    """

    recipe: str
    kind: str
    roles: str
    used: bool
    cells: list[Cell]


def rivals(results: DatasetResults) -> dict[str, str]:
    """Give the ending of a rival's columns → its name."""
    found = {"real": results.verdict["reference"], "best_real": results.verdict["best_without_synthesis"]}
    if found["real"] == found["best_real"]:
        del found["best_real"]
    like_for_like = results.arms[results.arms["to_same_recipe"].notna()]
    return found | ({"same_recipe": "the same recipe on real images"} if like_for_like["recipe"].nunique() > 1 else {})


def arm_titles(results: DatasetResults) -> list[str]:
    """Head the columns of `arm_groups`."""
    titles = ["accuracy %", "95 % interval", "val accuracy %", "macro-F1 %", "lowest class recall %", "log-loss"]
    return [*titles, "calibration error %", *(f"difference to {name}" for name in rivals(results).values())]


def arm_groups(results: DatasetResults) -> dict[str, list[ArmRow]]:
    """Give training set → its arms."""
    groups: dict[str, list[ArmRow]] = {}
    for arm in results.arms.to_dict("records"):
        cells = [Cell(text) for text in _scores(arm, results)]
        cells += [_difference(arm, ending) for ending in rivals(results)]
        used = arm["arm"] == results.verdict["use"]["arm"]
        groups.setdefault(arm["train_set"], []).append(ArmRow(arm["recipe"], arm["kind"], arm["role"], used, cells))
    return groups


def cut_off(results: DatasetResults) -> str:
    """Say, as a further sentence, which arms have runs that were not trained to their end; nothing where none has."""
    counts = dict(zip(results.arms["arm"], results.arms["cut_off"], strict=True))
    return cut_off_note(counts, results.verdict["seeds"])


def _scores(arm: Row, results: DatasetResults) -> list[str]:
    recall = results.recall
    classes = recall[(recall["arm"] == arm["arm"]) & (recall["kind"] == "class")]
    weakest = classes.loc[classes["recall"].idxmin()] if len(classes) else None
    return [
        f"{arm['accuracy'] * 100:.1f} ± {arm['accuracy_std'] * 100:.1f}",
        f"{arm['accuracy_low'] * 100:.1f} – {arm['accuracy_high'] * 100:.1f}",
        f"{arm['val_accuracy'] * 100:.1f}",
        f"{arm['macro_f1'] * 100:.1f}",
        MISSING if weakest is None else f"{weakest['recall'] * 100:.1f} ({weakest['name']})",
        f"{arm['log_loss']:.3f}",
        f"{arm['calibration_error'] * 100:.1f}",
    ]


def _difference(arm: Row, ending: str) -> Cell:
    values = [arm[f"{name}_{ending}"] for name in ("to", "low", "high")]
    if math.isnan(values[0]):
        return Cell(MISSING)
    return Cell(_points(*values), arm[f"outcome_{ending}"] != Outcome.NO_EFFECT)


def recall_rows(results: DatasetResults) -> list[list[str]]:
    """Lay out the chosen arm's recall of every tier, class and group beside that of the best without synthesis."""
    chosen, rival = results.verdict["chosen"], results.verdict["best_without_synthesis"]
    table = results.recall
    own = table[(table["arm"] == chosen) & (table["rival"] == rival)]
    before = {(row["kind"], row["name"]): row for row in table[table["arm"] == rival].to_dict("records")}
    classes_last = own.sort_values("kind", key=lambda kinds: kinds == "class", kind="stable")
    return [_recall_row(before[row["kind"], row["name"]], row) for row in classes_last.to_dict("records")]


def _recall_row(before: Row, after: Row) -> list[str]:
    both = (before, after)
    return [
        after["name"] if after["kind"] == "class" else f"{after['kind']} {after['name']}",
        *(_text(row["train_images"], ".0f") for row in both),
        str(after["test_images"]),
        *(_text(row["recall"] * 100, ".1f") for row in both),
        MISSING if math.isnan(after["difference"]) else _points(after["difference"], after["low"], after["high"]),
        _text(after["p_holm"], ".3f"),
    ]


def _text(value: float, form: str) -> str:
    return MISSING if math.isnan(value) else format(value, form)


def _points(mean: float, low: float, high: float) -> str:
    """Write a difference with a typographer's minus, which is as wide as the plus."""
    return points(Interval(mean, low, high)).replace("-", "−")


class Confusion(NamedTuple):
    """One arm's confusions.

    Attributes:
        arm: Its name.
        part: What part it plays.
        rows: Actual class → share of its images predicted as each class, 0 to 1; empty where classes are many.
        commonest: Actual class, predicted class, images, share of the actual class in percent.
    """

    arm: str
    part: str
    rows: Mapping[str, Sequence[float]]
    commonest: Sequence[tuple[str, str, int, str]]


def confusions(results: DatasetResults) -> list[Confusion]:
    """Give those of the plain real arm, of the best arm without synthesis, and of the chosen one; no arm twice."""
    verdict = results.verdict
    parts = {
        verdict["reference"]: "plain real arm",
        verdict["best_without_synthesis"]: "best without synthesis",
        verdict["chosen"]: "best with synthesis",
    }
    found = [(arm, part, results.confusion.get(arm)) for arm, part in parts.items() if arm]
    return [_confusion(arm, part, table, results.classes) for arm, part, table in found if table is not None]


def _confusion(arm: str, part: str, table: pd.DataFrame, classes: Sequence[str]) -> Confusion:
    counts = Counter(zip(table["actual"], table["predicted"], strict=True))
    images = Counter(table["actual"])

    def share(actual: str, predicted: str) -> float:
        return counts[actual, predicted] / max(images[actual], 1)

    few = len(classes) <= MOST_CELLS_A_SIDE
    wrong = [(pair, count) for pair, count in counts.most_common() if pair[0] != pair[1]]
    return Confusion(
        arm,
        part,
        {actual: [share(actual, predicted) for predicted in classes] for actual in classes} if few else {},
        [(*pair, count, f"{share(*pair) * 100:.0f}") for pair, count in wrong[:MOST_CONFUSIONS]],
    )


QUALITY = {
    "label_fidelity": "label fidelity",
    "lowest_label_fidelity": "lowest class",
    "frechet_distance": "Fréchet distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "classification_accuracy_score": "accuracy if trained on them",
    "failed_checks": "failed checks",
}


def quality_rows(synthesizers: Sequence[SynthesizerResults]) -> dict[str, list[str]]:
    """Give synthesizer → its figures in the order of `QUALITY`, with those of as many real train images in brackets."""
    rows = {}
    for each in synthesizers:
        if each.quality is not None:
            floor = each.quality.get("real_reference", {})
            rows[each.name] = [_beside(each.quality.get(name), floor.get(name)) for name in QUALITY]
    return rows


def _beside(value: float | None, floor: float | None) -> str:
    return _number(value) if floor is None else f"{_number(value)} ({_number(floor)})"


def _number(value: float | None) -> str:
    if value is None:
        return MISSING
    return str(value) if isinstance(value, int) else f"{value:.2f}"


LEAKS = {
    "near_copies": "near copies %",
    "expected_near_copies": "expected %",
    "pull": "pull (0.5: none)",
}
"""The figures of memorisation that are known by a better title; the others are shown under their own name."""


def leaks(memorisation: Mapping[str, Mapping[str, float | None]]) -> tuple[list[str], dict[str, list[str]]]:
    """Lay out memorisation: titles, and for each space (pixels, features) a row."""
    names = list(dict.fromkeys(name for figures in memorisation.values() for name in figures))
    titles = [LEAKS.get(name, name.replace("_", " ")) for name in names]
    return titles, {
        space: [
            _number(None if (value := figures.get(name)) is None else value * (100 if title.endswith("%") else 1))
            for title, name in zip(titles, names, strict=True)
        ]
        for space, figures in memorisation.items()
    }


MEMBERSHIP = ["distance in", "told apart % (50: no leak)", "p, one-sided", "advantage, points (0: no leak)"]


def attacks(membership: Mapping[str, Mapping[str, float]]) -> dict[str, list[str]]:
    """Lay out membership inference: for each space (pixels, features) what `MEMBERSHIP` names."""
    return {
        space: [
            percent(Interval(found["auc"], found["auc_low"], found["auc_high"])),
            p_value(found["p_value"]),
            _points(found["advantage"], found["advantage_low"], found["advantage_high"]),
        ]
        for space, found in membership.items()
    }


def gaps(verdict: Json) -> dict[str, list[str]]:
    """Give arm → the accuracy gap between the two groups that differ most, and how the arm changes it."""
    groups = verdict["groups"]
    if groups is None:
        return {}
    change = {arm: _points(**values) for arm, values in groups["change"].items()}
    return {arm: [_points(**gap), change.get(arm, MISSING)] for arm, gap in groups["gap"].items()}
