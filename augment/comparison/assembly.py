"""The record of a dataset, put together from its comparison and from what was measured of its synthetic images."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from augment.comparison.arms import Arm
from augment.comparison.asked import FEWEST_IMAGES
from augment.comparison.comparison import Comparison
from augment.comparison.intervals import crossed_contrast
from augment.comparison.paired import differences
from augment.comparison.release import kept
from augment.comparison.significance import ALPHA
from augment.comparison.subgroups import Gap, gap_in, recall_table, subsets, widest_gap
from augment.core.endpoints import OF_GROUPS, Endpoint, find_blocks
from augment.core.images import FloatArray, IntArray
from augment.evaluation.predictions import GroundTruth
from augment.results.arm_figures import ARM_FIGURES
from augment.results.figures import ArmFigure, Better, Over
from augment.results.kinds import PartKind
from augment.results.record import ArmResult, GapResult, Interval, LeftOut, PartResult, Result, Score, WidestGap
from augment.results.sentences import verdict
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from augment.results.synthesizer_result import SynthesizerResult


def assemble(
    dataset: str,
    comparison: Comparison,
    quality: Mapping[str, Mapping[str, Any]],
    left_out: Sequence[LeftOut] = (),
    tried: Mapping[str, int] | None = None,
) -> Result:
    """Put the record together.

    Args:
        dataset: Its name.
        comparison: Of its arms.
        quality: Synthesizer → what its ``quality.json`` holds.
        left_out: What the comparison has to go without.
        tried: What was searched beforehand → how many settings were tried.

    Raises:
        ContainerError: A figure of a synthesizer is no number.
    """
    reference, released = comparison.reference, comparison.released
    runs, test_images = reference.predictions.hits.shape
    gap = widest_gap(comparison.arms, reference)
    result = Result(
        dataset=dataset,
        classes=reference.predictions.classes,
        runs=runs,
        test_images=test_images,
        arms=tuple(_arm(arm, comparison, gap) for arm in comparison.arms),
        parts=tuple(part_results(comparison)),
        gap=WidestGap(highest=gap.highest.name, lowest=gap.lowest.name, pairs=gap.pairs) if gap else None,
        kept=kept(released, comparison.best_real, comparison.units) if released else None,
        synthesizers=tuple(synthesizer_result(name, figures) for name, figures in quality.items()),
        left_out=tuple(left_out),
        effect=comparison.effect,
        verdict="",
        endpoint=comparison.endpoint,
        tried=dict(tried or {}),
        test_groups=None if comparison.units is None else len(np.unique(comparison.units)),
    )
    return result.model_copy(update={"verdict": verdict(result)})


def assemble_nothing(
    dataset: str, truth: GroundTruth, quality: Mapping[str, Mapping[str, Any]], left_out: Sequence[LeftOut]
) -> Result:
    """Put the record of a dataset together whose real arms could not be trained: it says what went wrong.

    Args:
        dataset: Its name.
        truth: Of its test images.
        quality: See `assemble`.
        left_out: See `assemble`.
    """
    result = Result(
        dataset=dataset,
        classes=truth.classes,
        runs=0,
        test_images=len(truth.labels),
        arms=(),
        parts=(),
        gap=None,
        kept=None,
        synthesizers=tuple(synthesizer_result(name, figures) for name, figures in quality.items()),
        left_out=tuple(left_out),
        effect=None,
        verdict="",
    )
    return result.model_copy(update={"verdict": verdict(result)})


def guesses(arm: Arm, units: IntArray | None = None) -> bool:
    """Whether an arm cannot be told from guessing: the interval of its balanced accuracy reaches one in K.

    Every class counts alike, as a classifier that always names the most frequent one knows nothing either. Classes
    of a single test image do not count; with no other, nothing tells. Where every class is named alike by all runs, the
    images of all classes tell of it together: at a given chance to see this, the mean share that is otherwise is
    largest where it is the same in every class, with the images of the smallest.

    Args:
        arm: The arm.
        units: Number of each test image's group, where groups are the unit; None where images are.
    """
    parts = [part for part in subsets(arm) if part.kind is PartKind.CLASS and part.measurable]
    if not parts:
        return True
    blocks = [part.blocks[0] for part in parts]
    hits, own = [arm.predictions.hits[:, rows] for rows in blocks], _of(units, blocks)
    found = crossed_contrast(hits, [1 / len(parts)] * len(parts), span=1.0, units=own)
    found = replace(found, images=found.images * len(parts))
    return found.interval().low <= 1 / len(arm.predictions.classes)


def _of(units: IntArray | None, blocks: Sequence[IntArray]) -> list[IntArray] | None:
    return None if units is None else [units[rows] for rows in blocks]


def _arm(arm: Arm, comparison: Comparison, gap: Gap | None) -> ArmResult:
    return ArmResult(
        train_set=arm.train_set,
        recipe=arm.recipe,
        kind=arm.kind,
        roles=comparison.roles_of(arm),
        synthesizer=arm.synthesizer,
        cut_off=arm.cut_off,
        accuracy_of_runs=tuple(arm.predictions.accuracy().tolist()),
        scores={figure.name: score(arm, figure, comparison.units) for figure in ARM_FIGURES},
        against={baseline: each.result() for baseline, each in comparison.comparisons_of(arm).items()},
        guesses=guesses(arm, comparison.units),
        gap=_gap(arm, comparison.reference, gap) if gap else None,
        endpoints=endpoint_scores(arm, comparison.reference),
        val_endpoint=None if arm.val_endpoint is None else arm.val_score,
        generators=arm.generators,
    )


def endpoint_scores(arm: Arm, reference: Arm) -> dict[Endpoint, Score]:
    """Measure an arm by every endpoint that asks for groups, as far as the test images have what it asks for.

    Args:
        arm: The arm.
        reference: Its training images say which cells are rare.

    These are figures of these very groups, so that images are their unit, whatever else is told of groups.
    """
    truth, hits, found = arm.predictions.truth, arm.predictions.hits, {}
    for endpoint in OF_GROUPS if truth.groups else ():
        blocks = find_blocks(endpoint, arm.predictions.labels, truth.groups, reference.train_cells, FEWEST_IMAGES)
        if blocks is None:
            continue
        counted = blocks.counted(hits)
        estimate = crossed_contrast([hits[:, rows] for rows in counted], [1 / len(counted)] * len(counted), span=1.0)
        score = _over_runs(blocks.of_runs(hits)).model_copy(update={"interval": _on_the_scale(estimate.interval())})
        if blocks.worst and truth.groups:
            score = score.model_copy(update={"class_name": truth.groups[counted[0][0]]})
        found[endpoint] = score
    return found


def _on_the_scale(found: Interval) -> Interval:
    """Keep to 0 and 1: a t interval knows nothing of the ends of the scale."""
    return Interval(mean=found.mean, low=max(0.0, found.low), high=min(1.0, found.high))


def score(arm: Arm, figure: ArmFigure, units: IntArray | None = None) -> Score:
    """Measure one figure of an arm on every run.

    Args:
        arm: The arm.
        figure: What to measure.
        units: Number of each test image's group, where groups are the unit of an interval; None where images are.
    """
    if figure.measure is None:
        return _over_runs(arm.val_accuracy)
    said = arm.predictions
    values = np.stack([np.asarray(figure.measure(said.labels, run)) for run in said.probabilities])
    match figure.over:
        case Over.ALL:
            return _over_runs(values)
        case Over.IMAGES:
            own = None if units is None else [units]
            ends = _on_the_scale(crossed_contrast([values], [1.0], span=1.0, units=own).interval())
            return _over_runs(values.mean(axis=1)).model_copy(update={"interval": ends})
        case Over.CLASSES:
            means = values.mean(axis=0)
            worst = int(np.nanargmin(means) if figure.better is Better.HIGHER else np.nanargmax(means))
            return _over_runs(values[:, worst]).model_copy(update={"class_name": said.classes[worst]})


def _over_runs(values: FloatArray) -> Score:
    return Score(mean=float(values.mean()), std=float(values.std(ddof=1)))


def _gap(arm: Arm, reference: Arm, gap: Gap) -> GapResult:
    change = None if arm is reference else gap_in(differences(arm, reference), gap).interval()
    return GapResult(gap=gap_in(arm.predictions.hits, gap).interval(gap.pairs), change=change)


def part_results(comparison: Comparison) -> list[PartResult]:
    """Say where the chosen arm changes recall against the best one without synthesis; nothing without a chosen arm."""
    chosen, best_real, reference = comparison.chosen, comparison.best_real, comparison.reference
    if chosen is None:
        return []
    before, after = (
        _rows(recall_table([arm], [best_real], reference, comparison.units)) for arm in (best_real, chosen)
    )
    found = [_part(*rows) for rows in zip(before, after, strict=True)]
    return [part for kind in PartKind for part in found if part.kind is kind]


def _rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Give the rows with None where a value is missing."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _part(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> PartResult:
    ends = {name: after[column] for name, column in (("mean", "difference"), ("low", "low"), ("high", "high"))}
    p_holm = after["p_holm"]
    return PartResult(
        kind=PartKind(after["kind"]),
        name=after["name"],
        test_images=after["test_images"],
        train_before=before["train_images"],
        train_after=after["train_images"],
        before=before["recall"],
        after=after["recall"],
        difference=None if ends["mean"] is None else Interval(**ends),
        p_holm=p_holm,
        detected=p_holm is not None and p_holm <= ALPHA,
    )


def synthesizer_result(name: str, quality: Mapping[str, Any]) -> SynthesizerResult:
    """Take from ``quality.json`` what the list of figures names."""
    return SynthesizerResult(
        name=name,
        failures=tuple(quality.get("failures", ())),
        figures={figure.name: figure.find(quality) for figure in SYNTHESIZER_FIGURES},
    )
