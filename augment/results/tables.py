"""The tables of a result, ready to be set in Markdown or HTML: renderers choose signs and places, and nothing else."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from augment.core.endpoints import ACCURACY
from augment.results.arm_figures import ARM_FIGURES
from augment.results.figures import Figure, SynthesizerFigure
from augment.results.kinds import Baseline, PartKind
from augment.results.record import ArmResult, PairedResult, PartResult, Result, Score
from augment.results.sentences import cut_off_note, redrawn
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from augment.results.synthesizer_result import Measured, SynthesizerResult
from augment.results.wording import ENDPOINTS, MISSING, detected, points, quoted


class Cell(NamedTuple):
    """A figure in a table; ``strong`` where it is a detected difference."""

    text: str
    strong: bool = False


class Table(NamedTuple):
    """A table.

    Attributes:
        titles: Of the columns, the first that of the rows' names; names between backticks are code, as in a caption.
        names: Of the rows: plain text, whatever it holds.
        rows: Cells of each row.
        caption: What is seen.
    """

    titles: list[str]
    names: list[str]
    rows: list[list[Cell]]
    caption: str


def arms(result: Result) -> Table:
    """Lay out every score of every arm, and its differences to the baselines."""
    baselines = result.baselines
    titles = {
        Baseline.REFERENCE: f"difference to `{result.reference.name}`",
        Baseline.BEST_REAL: f"difference to `{result.best_real.name}`",
        Baseline.SAME_RECIPE: "difference to the same recipe on real images",
        Baseline.HARDEST_REAL: f"difference to `{result.hardest_real}`, best on test",
    }
    return Table(
        ["arm", *(figure.heading for figure in ARM_FIGURES), *(titles[baseline] for baseline in baselines)],
        [arm.name for arm in result.arms],
        [[*_scores(arm), *(_difference(arm.against.get(baseline)) for baseline in baselines)] for arm in result.arms],
        f"All arms: means over {result.runs} runs on {result.test_images} test images; ↑ higher is better, ↓ lower. "
        f"Differences are in {_points_of(result)}, paired by run and image, each with its own 95 % interval"
        f"{f' over {redrawn(result)}' if result.over_groups else ''}. Bold: "
        "detected, that is p of at most 0.05 after Holm's correction for the number of arms of the kind. "
        f"`{result.best_real.name}` is the best arm without synthesis, chosen on val.{cut_off_note(result)}",
    )


def _points_of(result: Result) -> str:
    return "accuracy points" if result.endpoint == ACCURACY else f"points of the {ENDPOINTS[result.endpoint]}"


def endpoints(result: Result) -> Table | None:
    """Lay out what the verdict may be asked of images with groups, for every arm; None without groups."""
    asked = list(dict.fromkeys(name for arm in result.arms for name in arm.endpoints))
    if not asked:
        return None
    return Table(
        ["arm", *(f"{ENDPOINTS[name]} %{' (asked)' if name == result.endpoint else ''}" for name in asked)],
        [arm.name for arm in result.arms],
        [[Cell(_endpoint(arm.endpoints.get(name))) for name in asked] for arm in result.arms],
        "Every group counted for itself: a cell is the images of one class from one group. Means over runs and their "
        "95 % intervals over runs and images; in round brackets the group.",
    )


def _endpoint(score: Score | None) -> str:
    if score is None or score.interval is None:
        return MISSING
    ends = f"{score.mean * 100:.1f} [{score.interval.low * 100:.1f}, {score.interval.high * 100:.1f}]"
    return f"{ends} ({score.class_name})" if score.class_name and score.mean < 1 else ends


def _scores(arm: ArmResult) -> Iterable[Cell]:
    return (Cell(figure.text(arm.scores.get(figure.name))) for figure in ARM_FIGURES)


def _difference(compared: PairedResult | None) -> Cell:
    return Cell(points(compared.difference), detected(compared)) if compared else Cell(MISSING)


def parts(result: Result, shown: Sequence[PartResult]) -> Table | None:
    """Lay out recall before and after on parts of the test images; None without any to show.

    Args:
        result: Of the dataset.
        shown: Some of its parts.
    """
    if result.chosen is None or not shown:
        return None
    return Table(
        ["recall of", "training images", "test images", "recall before %", "after %", "difference", "p"],
        [
            part.name if part.kind in (PartKind.CLASS, PartKind.CELL) else f"{part.kind.value} {part.name}"
            for part in shown
        ],
        [_part(part) for part in shown],
        f"How many of 100 images of each part are named rightly before (`{result.best_real.name}`) and after "
        f"(`{result.chosen.name}`); p corrected by Holm for the number of parts of the kind."
        f"{_OF_CLASSES if result.over_groups else ''}",
    )


_OF_CLASSES = (
    " Intervals of classes and tiers are over runs and groups of test images; those of a group, of a cell, and of a "
    "class that only one group has, over runs and images."
)


def _part(part: PartResult) -> list[Cell]:
    counts = MISSING if part.train_before is None else f"{part.train_before} → {part.train_after}"
    return [
        Cell(counts),
        Cell(str(part.test_images)),
        *(Cell(MISSING if value is None else f"{value * 100:.1f}") for value in (part.before, part.after)),
        Cell(points(part.difference), part.detected),
        Cell(MISSING if part.p_holm is None else f"{part.p_holm:.3f}" if part.p_holm >= 0.001 else "< 0.001"),
    ]


def gaps(result: Result) -> Table | None:
    """Lay out the accuracy gap between the two groups that differ most; None without groups."""
    if result.gap is None:
        return None
    gap, found = result.gap, [(arm.name, arm.gap) for arm in result.arms if arm.gap]
    return Table(
        ["arm", f"accuracy on {quoted(gap.highest)} minus {quoted(gap.lowest)}", "change"],
        [name for name, _ in found],
        [[Cell(points(of_arm.gap)), Cell(points(of_arm.change))] for _, of_arm in found],
        "Accuracy points between the two groups of test images that differ most over all arms. The interval of the gap "
        f"allows for the choice among {gap.pairs} pair{'s' if gap.pairs > 1 else ''} of groups. Change: against "
        f"`{result.reference.name}`, above 0 where the arm widens the gap.",
    )


def synthesizers(result: Result) -> Table | None:
    """Lay out every figure of every synthesizer's images, a row a figure; None without any to show."""
    made = result.synthesizers
    shown = [figure for figure in SYNTHESIZER_FIGURES if any(_known(figure, each.figures) for each in made)]
    if not shown:
        return None
    return Table(
        ["synthetic images of", *(each.name for each in made), "what it says"],
        [figure.heading for figure in shown],
        [_measured(figure, made) for figure in shown],
        "Synthetic images against val, most of it in the eyes of a judge that learnt from the real images. In round "
        "brackets: what real images reach. ↑ higher is better, ↓ lower.",
    )


def _measured(figure: SynthesizerFigure, made: Iterable[SynthesizerResult]) -> list[Cell]:
    return [*(_by_judge(figure, each) for each in made), Cell(figure.meaning)]


def _by_judge(figure: SynthesizerFigure, made: SynthesizerResult) -> Cell:
    """Mark the opinion of a judge that hardly knows the real images."""
    text = figure.text(made.figures.get(figure.name))
    return Cell(f"means little: {text}" if figure.judged and made.weak_judge and text != MISSING else text)


def _known(figure: Figure, figures: dict[str, Measured]) -> bool:
    return figure.name in figures and figures[figure.name].value is not None
