"""What was found, on one screen and on one page."""

import base64
import io
import textwrap
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from PIL import Image

from augment.core.images import IntArray, tile
from augment.core.store import write_text
from augment.core.text import counted, listed, printable
from augment.inspection.findings import Findings
from augment.inspection.labels import LabelErrors
from augment.inspection.suggestion import Suggestion

CLASSES, EXAMPLES, SHOWN = 12, 3, 12
"""Classes that the screen lists, examples that a line gives, and images of a class that the page shows."""
LOPSIDED = 3
"""Most over fewest images of a class from which on it is said."""
FEW = 5
DOUBTED = 10
"""Labels that are named of those that may be wrong."""
WIDTH = 100


def lines(found: Findings, suggestion: Suggestion, errors: LabelErrors) -> Iterator[str]:
    """Give what a terminal shows, but for the suggested block."""
    told = found.told
    looked_at = "" if len(found.rows) + len(found.unread) == len(told.labels) else f", {len(found.rows)} looked at"
    yield f"{_layout(suggestion.source)}: {len(told.labels)} images of {len(told.classes)} classes{looked_at}"
    yield ""
    yield from _table(found)
    yield ""
    for label, said in [*_facts(found), ("wrong labels", _wrong(found, errors)), *_answers(found, suggestion)]:
        yield wrapped(label, said)


def wrapped(label: str, said: str) -> str:
    """Lay a fact out on lines that a terminal shows."""
    return textwrap.fill(said, WIDTH, initial_indent=f"{label + ':':<14}", subsequent_indent=" " * 14)


def write_page(
    path: Path, found: Findings, suggestion: Suggestion, errors: LabelErrors, block: str, takes: str = ""
) -> None:
    """Write the same as one HTML page, with pictures of every class, and what a run takes where that is known."""
    template = resources.files(__package__).joinpath("page.html.jinja").read_text(encoding="utf-8")
    drawn = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(template)
    labels = found.told.labels[found.rows]
    sheets = [
        (name, int((found.told.labels == label).sum()), _sheet(found, np.flatnonzero(labels == label)))
        for label, name in enumerate(found.told.classes)
    ]
    place = {int(row): number for number, row in enumerate(found.rows)}
    pairs = [
        (" and ".join(printable(found.told.name(row)) for row in pair), _sheet(found, _rows(place, pair)))
        for pair in [*found.disputed[:SHOWN], *found.one_pair_each[:SHOWN]]
    ]
    wrong = [
        (said, _sheet(found, _rows(place, [row])))
        for said, row in zip(_doubted(found, errors), errors.rows.tolist(), strict=False)
    ]
    write_text(
        path,
        drawn.render(
            title=_layout(suggestion.source),
            head=next(lines(found, suggestion, errors)),
            table=list(_cells(found)),
            facts=[
                *_facts(found),
                ("wrong labels", _wrong(found, errors)),
                *_answers(found, suggestion),
                *([("A run takes", takes)] if takes else []),
            ],
            sheets=sheets,
            pairs=pairs,
            wrong=wrong,
            unread=[f"{printable(name)}: {why}" for name, why in found.unread.items()],
            block=block,
        ),
    )


def _rows(place: dict[int, int], rows: list[int]) -> IntArray:
    return np.asarray([place[row] for row in rows], dtype=np.int64)


def _layout(source: dict[str, Any]) -> str:
    return str(source["kind"]).replace("_", " ")


def _cells(found: Findings) -> Iterator[list[str]]:
    """Give the table of images by class and split."""
    told = found.told
    splits = [] if told.splits is None else [name for name in ("train", "val", "test") if (told.splits == name).any()]
    groups = ["groups"] if told.groups is not None else []
    yield ["class", "images", *splits, *groups]
    for label in np.argsort(-told.counts(), kind="stable"):
        own = told.labels == label
        in_split = [str(int((own & (told.splits == name)).sum())) for name in splits]
        of_group = [] if told.groups is None else [str(len(set(told.groups[own].tolist())))]
        yield [printable(told.classes[label]), str(int(own.sum())), *in_split, *of_group]


def _table(found: Findings) -> Iterator[str]:
    rows = list(_cells(found))
    shown = rows if len(rows) <= CLASSES + 2 else [*rows[: CLASSES // 2 + 1], ["…"], *rows[-CLASSES // 2 :]]
    name = min(40, max(len(row[0]) for row in shown))
    for row in shown:
        yield "  " + f"{row[0][:40]:<{name}}" + "".join(f"{cell:>9}" for cell in row[1:])


def _facts(found: Findings) -> Iterator[tuple[str, str]]:
    """Say what the images are like, and what is wrong with them."""
    told, counts = found.told, found.told.counts()
    (low, high), middle = (found.sizes.min(axis=0), found.sizes.max(axis=0)), np.median(found.sizes, axis=0)
    between = f" to {high[0]}×{high[1]}, in the middle {middle[0]:.0f}×{middle[1]:.0f}"
    yield "size", f"{low[0]}×{low[1]}{'' if (low == high).all() else between} pixels (height × width)"
    yield "colours", ", ".join(f"{mode} ({count})" for mode, count in found.modes.most_common())
    if found.deep:
        levels = "have more than 8 bits a channel"
        if found.between is not None:
            levels = f"are numbers from {found.between[0]:g} to {found.between[1]:g} of another kind than 8 bits"
        yield "depth", f"{found.deep} {levels}: say by `depth` which of their levels are meant"
    if counts.max() >= LOPSIDED * counts.min():
        yield "balance", f"{counts.max() / max(1, counts.min()):.0f} times as many images of a class as of another"
    if told.groups is not None:
        yield "groups", f"{len(set(told.groups.tolist()))}, of {told.groups.size} images"
    if found.copies:
        same = counted(found.copies, "image")
        yield "copies", f"{same} with the picture of another of their class; one of each is kept"
    for said in lost_labels(found):
        yield "labels", said
    yield "near copies", _near(found)
    if found.unread:
        some = (f"{name} ({why})" for name, why in list(found.unread.items())[:EXAMPLES])
        yield "UNREAD", f"{counted(len(found.unread), 'image')}, with which nothing starts: {listed(some)}"
    if found.unlabelled:
        yield (
            "no label",
            (
                f"{counted(found.unlabelled, 'image')} beside these, not looked at, and of no class, as the block's "
                "`unlabelled` says: recipes may learn from them"
            ),
        )
    for reason, names in told.account.left_out.items():
        yield "left out", f"{counted(len(names), 'file')}, {reason}: {listed(names[:EXAMPLES])}"
    for said in told.account.warnings:
        yield "mind", said


def lost_labels(found: Findings) -> list[str]:
    """Say which pictures stand under several labels, and how many each class loses by it; nothing where none does."""
    if not found.disputed:
        return []
    told, counts = found.told, found.told.counts()
    examples = (" = ".join(told.name(row) for row in rows) for rows in found.disputed[:EXAMPLES])
    labels = told.labels[[row for rows in found.disputed for row in rows]]
    losses = np.bincount(labels, minlength=len(counts))
    lost = (f"{told.classes[k]} loses {losses[k]} of {counts[k]}" for k in np.flatnonzero(losses))
    return [
        f"{counted(len(found.disputed), 'picture')} under several labels, and left out: {listed(examples)}. "
        f"{listed(lost)}. Leave each in one class"
    ]


def _near(found: Findings) -> str:
    if not len(found.near):
        return "none"
    told, split = found.told, found.split_of
    concerned = len(np.unique(found.near))
    across = [pair for pair in found.near.tolist() if split[pair[0]] != split[pair[1]]]
    examples = (" ~ ".join(told.name(row) for row in pair) for pair in (across or found.one_pair_each)[:EXAMPLES])
    where = f"; {len(across)} of {len(found.near)} pairs straddle the source's own splits" if across else ""
    return f"{concerned} images have one (frames of a film, one object in a row?){where}: {listed(examples)}"


def _wrong(found: Findings, errors: LabelErrors) -> str:
    """Say which labels are probably wrong."""
    if errors.unknown:
        return f"not looked for: {errors.unknown}"
    told = "" if errors.looked_at == len(found.told.labels) else f" of {errors.looked_at} that were looked at"
    how = f"quick predictions tell {100 * errors.recall:.0f} % of a class to be of it"
    if not len(errors.rows):
        return f"none found{told} ({how})"
    some = ", ".join(_doubted(found, errors))
    return f"{counted(len(errors.rows), 'image')}{told} may have one ({how}), the likeliest first: {some}"


def _doubted(found: Findings, errors: LabelErrors) -> list[str]:
    """Name the likeliest errors, each with its label and a likelier one."""
    told = found.told
    return [
        f"{printable(told.name(row))} ({printable(told.classes[told.labels[row]])}, likelier "
        f"{printable(told.classes[label])})"
        for row, label in zip(errors.rows[:DOUBTED].tolist(), errors.likely.tolist(), strict=False)
    ]


def _answers(found: Findings, suggestion: Suggestion) -> Iterator[tuple[str, str]]:
    """Say what these images can tell, dealt as suggested, and what they cannot."""
    yield "question", suggestion.question
    if "test" in suggestion.counts:
        tested = suggestion.counts["test"]
        names = [f"{found.told.classes[k]} ({tested[k]})" for k in np.flatnonzero(tested < FEW)]
        each = f"{tested.min()} to {tested.max()}" if tested.min() < tested.max() else f"{tested.min()}"
        groups = "" if suggestion.groups is None else f" of {counted(suggestion.groups, 'group')}"
        alike = ", and are a little alike in that on images of one group" if (suggestion.groups or 0) > 1 else ""
        said = (
            f"{tested.sum()}{groups}, {each} of a class: a difference between two classifiers of less than "
            f"{100 * suggestion.smallest:.1f} points of accuracy will mostly go unseen (if they disagree on one image "
            f"in ten{alike})"
        )
        if suggestion.groups == 1:
            said += "; of other groups they say nothing"
        yield "test images", said
        if names:
            yield "too few", f"test images of {listed(names)}: figures of these classes will mean next to nothing"
    for doubt in suggestion.doubts:
        yield "not so", doubt


def _sheet(found: Findings, rows: IntArray) -> str:
    """Draw some of the images in a row, as an address that holds the picture."""
    some = rows[np.linspace(0, len(rows) - 1, min(SHOWN, len(rows))).astype(np.int64)]
    buffer = io.BytesIO()
    if len(some):
        Image.fromarray(tile(found.pixels[some], 1, len(some), scale=2)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
