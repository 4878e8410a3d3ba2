"""The verdict of a dataset: in words for people, and as plain values for the stages that act on it."""

from collections.abc import Mapping, Sequence
from typing import Any

from augment.evaluation.arms import Kind
from augment.evaluation.comparison import Comparison
from augment.evaluation.contests import Contest, Outcome, differences
from augment.evaluation.release import release
from augment.evaluation.subgroups import gap_in, widest_gap
from augment.evaluation.wording import cut_off_runs, p_value, points

PHRASES = {
    Outcome.HELPS: "helps",
    Outcome.NO_EFFECT: "has no detectable effect",
    Outcome.HURTS: "hurts",
}


def sentence(comparison: Comparison) -> str:
    """Say whether synthesis helped against the plain and the best real arm, how sure that is, and what to use."""
    use = f"train on `{comparison.use.train_set}` with recipe `{comparison.use.recipe}`"
    if comparison.chosen is None:
        empty = {f"`{arm.train_set}`": None for arm in comparison.arms if arm.kind is Kind.REAL and arm.synthesizer}
        added = f"No synthetic image was added to {', '.join(empty)}" if empty else ""
        return f"{added or 'No arm merges real and synthetic images'}, so there is nothing to judge: {use}."
    found = comparison.contests_of(comparison.chosen)
    seeds, images = comparison.reference.predictions.hits.shape
    first = (
        f"Over {seeds} seeds and {images} test images, synthesis (`{comparison.chosen.name}`, chosen on val) "
        f"{_judged(found, comparison)}."
    )
    merged = comparison.use is comparison.chosen
    advice = use[0].upper() + use[1:] if merged else f"Leave it out: {use}"
    return " ".join([first, *_not_detected(found), *_cut_off(comparison), f"{advice}."])


def _judged(found: Sequence[Contest], comparison: Comparison) -> str:
    """Say the outcome of each contest; only once where both have the same."""
    parts = []
    for number, contest in enumerate(found):
        same = number > 0 and contest.outcome is found[number - 1].outcome
        plain = contest.rival is comparison.reference
        verb = "" if same else f"{PHRASES[contest.outcome]} compared "
        rival = "the plain real arm" if plain else "the best arm without synthesis,"
        parts.append(
            f"{verb}with {rival} `{contest.rival.name}` "
            f"({points(contest.estimate.interval())} points, adjusted {p_value(contest.p_holm)})"
        )
    return " and ".join(parts)


def _not_detected(found: Sequence[Contest]) -> list[str]:
    """Say how large an effect could have been missed; nothing where none was missed."""
    missed = [contest.smallest_effect for contest in found if contest.outcome is Outcome.NO_EFFECT]
    return [f"A true effect below {max(missed) * 100:.1f} points could have gone unseen."] if missed else []


def _cut_off(comparison: Comparison) -> list[str]:
    """Warn where an arm that the verdict speaks of was not trained to its end."""
    spoken_of = {arm.name: arm.cut_off for arm in (comparison.chosen, *comparison.rivals) if arm}
    listed = cut_off_runs(spoken_of, len(comparison.reference.val_accuracy))
    return [f"Not trained to their end, so take it with care: {listed}; raise `max_steps`."] if listed else []


def to_json(comparison: Comparison, quality: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Give what was chosen, measured and said as plain values.

    Args:
        comparison: Of one dataset.
        quality: Synthesizer → what its ``quality.json`` holds.
    """
    seeds, images = comparison.reference.predictions.hits.shape
    chosen, released, use = comparison.chosen, comparison.released, comparison.use
    found = comparison.contests_of(chosen) if chosen else []
    outcomes = {contest.rival.name: contest.outcome.value for contest in found}
    return {
        "verdict": sentence(comparison),
        "against_real": outcomes.get(comparison.reference.name),
        "against_best_without_synthesis": outcomes.get(comparison.best_real.name),
        "use": {"arm": use.name, "train_set": use.train_set, "recipe": use.recipe},
        "chosen": chosen.name if chosen else None,
        "reference": comparison.reference.name,
        "best_without_synthesis": comparison.best_real.name,
        "seeds": seeds,
        "test_images": images,
        "contests": [contest.to_json() for contest in found],
        "groups": groups(comparison),
        "release": (
            release(released, comparison.best_real, quality[released.synthesizer]).to_json()
            if released and released.synthesizer
            else None
        ),
    }


def groups(comparison: Comparison) -> dict[str, Any] | None:
    """Give the widest accuracy gap between groups of test images for each arm, and how each arm changes it.

    Returns:
        ``highest`` and ``lowest`` group; ``gap`` of each arm; ``change`` of the gap against the reference for each
        other arm, above 0 where it widens. None without groups.
    """
    gap = widest_gap(comparison.arms, comparison.reference)
    if gap is None:
        return None
    return {
        "highest": gap.highest.name,
        "lowest": gap.lowest.name,
        "gap": {arm.name: gap_in(arm.predictions.hits, gap).interval().to_json() for arm in comparison.arms},
        "change": {
            arm.name: gap_in(differences(arm, comparison.reference), gap).interval().to_json()
            for arm in comparison.arms
            if arm is not comparison.reference
        },
    }
