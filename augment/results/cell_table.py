"""Recall in every cell of class and group, before and after, as one table: classes down, groups across."""

from augment.results.kinds import PartKind
from augment.results.record import PartResult, Result
from augment.results.tables import Cell, Table
from augment.results.wording import MISSING, cell_name

MOST_GROUPS = 12
"""Groups up to which such a table can be read."""


def cells(result: Result) -> Table | None:
    """Lay out what became of every cell, the group that fares worst before first; None without cells or chosen arm."""
    found = {part.name: part for part in result.parts if part.kind is PartKind.CELL}
    groups = sorted((part for part in result.parts if part.kind is PartKind.GROUP), key=lambda part: part.before or 0.0)
    if result.chosen is None or not found or not 1 < len(groups) <= MOST_GROUPS:
        return None
    return Table(
        ["class", *(group.name for group in groups)],
        ["all", *result.classes],
        [
            [_cell(group) for group in groups],
            *([_cell(found.get(cell_name(name, group.name))) for group in groups] for name in result.classes),
        ],
        "How many of 100 test images of each class and group are named rightly, before "
        f"(`{result.best_real.name}`) → after (`{result.chosen.name}`); in round brackets its training images before "
        "→ after. The group that fares worst stands first. Bold: a detected difference.",
    )


def _cell(part: PartResult | None) -> Cell:
    if part is None or part.before is None or part.after is None:
        return Cell(MISSING)
    said = f"{part.before * 100:.0f} → {part.after * 100:.0f}"
    if part.train_before is not None and part.train_after is not None:
        said += f" ({part.train_before or 'none'} → {part.train_after or 'none'})"
    return Cell(said, part.detected)
