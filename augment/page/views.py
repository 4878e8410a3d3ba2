"""What the page shows besides the tables that all readers share: signs and confusions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from augment.page.content import DatasetResults
from augment.results.kinds import Effect, Role
from augment.results.tables import Cell, Table

MOST_CELLS_A_SIDE, MOST_CONFUSIONS = 15, 12
"""Classes up to which a whole confusion matrix can be read; else the commonest confusions, and how many of them."""

MOST_ROWS = 20
"""Rows up to which a table of classes is shown at once."""

MOST_PICTURED = 20
"""Classes that the pictures of `augment.assessment.pictures` show."""


ROLES = {
    Role.REFERENCE: "plain real",
    Role.BEST_REAL: "best without synthesis",
    Role.CHOSEN: "best with synthesis",
    Role.RELEASE: "best on synthetic images alone",
    Role.USE: "use this",
}
TONES = {Effect.HELPS: ("helps", "▲"), Effect.NO_EFFECT: ("neutral", "○"), Effect.HURTS: ("hurts", "▼")}
"""CSS class and sign of each effect: its shape says the same as its colour."""
HEADLINES = {Effect.HELPS: "It helps", Effect.NO_EFFECT: "No detectable effect", Effect.HURTS: "It hurts"}


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
