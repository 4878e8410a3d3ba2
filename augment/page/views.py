"""What the page shows besides the tables that all readers share: signs and confusions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from augment.core.cells import RARE
from augment.page.content import DatasetResults, Pictures
from augment.results.kinds import ArmKind, Effect, Role
from augment.results.record import PairedResult, Result
from augment.results.tables import Cell, Table

MOST_CELLS_A_SIDE, MOST_CONFUSIONS = 15, 12
"""Classes up to which a whole confusion matrix can be read; else the commonest confusions, and how many of them."""

MOST_DRAWN = 30
"""Classes whose differences in recall are drawn."""

MOST_ROWS = 20
"""Rows up to which a table of classes is shown at once."""

MOST_PICTURED, MOST_FILMED = 20, 12
"""Classes that the pictures of `augment.assessment.pictures` show, and those of a training."""

END = 8
"""Last characters of a name, which are shown however little room there is."""

MOST_CHANGED = 5
"""Changed files that are named before they are only counted."""

ROLES = {
    Role.REFERENCE: "plain real",
    Role.BEST_REAL: "best without synthesis",
    Role.CHOSEN: "best with synthesis",
    Role.RELEASE: "best on synthetic images alone",
    Role.USE: "use this",
}
TONES = {Effect.HELPS: ("helps", "▲"), Effect.NO_EFFECT: ("neutral", "○"), Effect.HURTS: ("hurts", "▼")}
"""CSS class and sign of each effect: its shape says the same as its colour."""

ACCURACY = {Effect.HELPS: "more accurate", Effect.NO_EFFECT: "not told apart", Effect.HURTS: "less accurate"}
"""What one comparison shows; what synthesis does all in all takes more than one."""

ENDPOINT = {Effect.HELPS: "better", Effect.NO_EFFECT: "not told apart", Effect.HURTS: "worse"}
"""The same where the verdict is asked something else than accuracy."""


KEY = {
    ArmKind.MERGED: "■ real and synthetic",
    ArmKind.SYNTHETIC: "◆ synthetic only",
    ArmKind.CONTROL: "▲ control",
}
"""Kinds of training sets beside the real ones, with the signs of `augment.page.figures`."""


class Badge(NamedTuple):
    """A word with a sign; its CSS class is its colour."""

    tone: str
    sign: str
    word: str


def overall(result: Result) -> Badge:
    """Say what synthesis does all in all."""
    if result.effect is None:
        return Badge("neutral", "–", "not judged")
    tone, sign = TONES[result.effect]
    return Badge(tone, sign, result.effect.value)


def of_comparison(compared: PairedResult, result: Result) -> Badge:
    """Say what one comparison shows; green only where the advice is to use the images, or it would gainsay that."""
    tone, sign = TONES[compared.effect]
    helps = compared.effect is Effect.HELPS and result.effect is not Effect.HELPS
    words = ACCURACY if result.endpoint == "accuracy" else ENDPOINT
    return Badge("neutral" if helps else tone, sign, words[compared.effect])


class Confusion(NamedTuple):
    """One arm's confusions.

    Attributes:
        arm: Its name.
        part: What part it plays.
        shares: Actual class → share of its images predicted as each class, 0 to 1; empty where classes are many.
        commonest: The most frequent confusions, where classes are many; None where there are none.
    """

    arm: str
    part: str
    shares: Mapping[str, Sequence[float]]
    commonest: Table | None


def confusions(results: DatasetResults) -> list[Confusion]:
    """Give those of the plain real arm, of the best arm without synthesis, and of the chosen one; no arm twice."""
    result = results.result
    if not result.judged:
        return []
    parts = {result.reference.name: "plain real arm", result.best_real.name: "best without synthesis"}
    if result.chosen:
        parts[result.chosen.name] = "best with synthesis"
    found = ((arm, part, results.confusion.get(arm)) for arm, part in parts.items())
    return [_confusion(arm, part, table, result.classes) for arm, part, table in found if table is not None]


def _confusion(arm: str, part: str, table: pd.DataFrame, classes: Sequence[str]) -> Confusion:
    counts = Counter(zip(table["actual"], table["predicted"], strict=True))
    images = Counter(table["actual"])

    def share(actual: str, predicted: str) -> float:
        return counts[actual, predicted] / max(images[actual], 1)

    if len(classes) <= MOST_CELLS_A_SIDE:
        return Confusion(arm, part, {each: [share(each, other) for other in classes] for each in classes}, None)
    wrong = [(pair, count) for pair, count in counts.most_common() if pair[0] != pair[1]][:MOST_CONFUSIONS]
    commonest = Table(
        ["actual", "predicted", "images", "% of actual"],
        [actual for (actual, _), _ in wrong],
        [[Cell(pair[1]), Cell(str(count)), Cell(f"{share(*pair) * 100:.0f}")] for pair, count in wrong],
        f"`{arm}`, {part}: the commonest confusions.",
    )
    return Confusion(arm, part, {}, commonest if wrong else None)


def pictured(results: DatasetResults) -> list[Pictures]:
    """Give the synthesizers that there is something to see of."""
    return [
        each for each in results.pictures if each.grid or each.nearest or each.filmstrip or each.history is not None
    ]


def images_by_cell(account: Mapping[str, Any] | None) -> Table | None:
    """Lay out the train images of each class from each group, scarce ones marked; None where cells are not told."""
    found: Mapping[str, Mapping[str, Mapping[str, int]]] = (account or {}).get("cells") or {}
    if not found:
        return None
    groups = list(next(iter(found.values())))
    largest = max(counts["train"] for of in found.values() for counts in of.values())
    return Table(
        ["class", *groups],
        list(found),
        [[_scarcity(of[group]["train"], largest) for group in groups] for of in found.values()],
        f"Train images of each class from each group. Few: less than a third of the largest, {largest}.",
    )


def _scarcity(count: int, largest: int) -> Cell:
    if count * RARE >= largest:
        return Cell(str(count))
    return Cell(f"{count} (few)" if count else "none", strong=True)


ACCOUNTED = ("read", "copies", "several_labels", "train", "thinned", "val", "test", "unused")
"""Columns of the account of images, as far as it has them."""


def images_by_class(account: Mapping[str, Any] | None) -> Table | None:
    """Lay out what became of the images of each class; None without an account."""
    classes = (account or {}).get("classes")
    if not classes:
        return None
    shown = [name for name in ACCOUNTED if any(counts.get(name) for counts in classes.values())]
    return Table(
        ["class", *(name.replace("_", " ") for name in shown)],
        list(classes),
        [[Cell(str(counts.get(name, 0))) for name in shown] for counts in classes.values()],
        "Images of each class: read, left out, and dealt to the splits.",
    )
