"""Results in Markdown."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence

from augment.results import cell_table, tables
from augment.results.arm_figures import ARM_FIGURES
from augment.results.kinds import PartKind
from augment.results.record import Result
from augment.results.sentences import advice, release
from augment.results.tables import Cell, Table


def document(results: Mapping[str, Result]) -> str:
    """Write the report: for each dataset what to do, and the tables that this rests on."""
    parts = ["# Did synthesis help?", *(part for result in results.values() for part in _section(result))]
    return "\n\n".join([*parts, *_glossary()]) + "\n"


def _section(result: Result) -> Iterable[str]:
    in_cells = cell_table.cells(result)
    told = {PartKind.CELL} if in_cells else set()
    shown = [part for part in result.parts if (part.detected and part.kind not in told) or part.kind is PartKind.TIER]
    yield f"## {result.dataset}"
    weightiest = prose(advice(result))
    yield prose(result.verdict).replace(weightiest, f"**{weightiest}**", 1)
    if said := release(result):
        yield prose(said)
    if result.judged:
        yield from _captioned(tables.arms(result), code=True)
        yield from _captioned(tables.endpoints(result), code=True)
        yield from _captioned(in_cells)
    if result.chosen and not shown:
        yield f"`{result.chosen.name}` detectably changes the recall of no class, against `{result.best_real.name}`."
    yield from _captioned(tables.parts(result, shown))
    yield from _captioned(tables.gaps(result), code=True)
    yield from _captioned(tables.synthesizers(result))


def _captioned(found: Table | None, code: bool = False) -> Iterable[str]:
    if found:
        yield prose(found.caption)
        yield table(found, code).strip()


def _glossary() -> Iterable[str]:
    """Say what the columns of the first table mean; the figures of synthetic images say so beside themselves."""
    yield "## What the figures mean"
    yield "\n".join(f"- **{escape(figure.title)}**: {prose(figure.meaning)}" for figure in ARM_FIGURES)


def table(found: Table, code: bool = False) -> str:
    """Set a table, its names as code if asked for."""
    names = (f"`{name}`" if code else escape(name) for name in found.names)
    rows = ([name, *map(cell, cells)] for name, cells in zip(names, found.rows, strict=True))
    return lines([prose(title) for title in found.titles], rows)


def cell(found: Cell) -> str:
    """Set a cell."""
    text = escape(found.text)
    return f"**{text}**" if found.strong else text


def lines(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out what is Markdown already, a line a row."""
    header, *body = (f"| {' | '.join(line)} |\n" for line in [titles, *rows])
    return f"{header}|{'---|' * len(titles)}\n{''.join(body)}"


def prose(text: str) -> str:
    """Escape a sentence; what stands between backticks stays code."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") and len(part) > 1 else escape(part) for part in parts)


def escape(text: str) -> str:
    """Keep text from being taken for Markdown or HTML, whatever it holds, and on one line."""
    safe = html.escape(re.sub(r"\s+", " ", text), quote=False)
    # An underscore within a word is one; so is a bracket, but where a link's address would follow.
    return re.sub(r"[\\`*~|$]|(?<![^\W_])_|_(?![^\W_])|(?<=\])\(", r"\\\g<0>", safe)
