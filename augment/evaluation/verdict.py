"""The verdict of a dataset: in words for people, and as plain values for the stages that act on it."""

from collections.abc import Mapping, Sequence
from typing import Any

from augment.evaluation.arms import Arm, Kind
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
    return " ".join([first, *_not_detected(found), *_cut_off(found), f"{advice}."])


def _judged(found: Sequence[Contest], comparison: Comparison) -> str:
    """Say the outcome of each contest; only once where both have the same."""
    parts = []
    for number, contest in enumerate(found):
        same = number > 0 and contest.outcome is found[number - 1].outcome
        verb = "" if same else f"{PHRASES[contest.outcome]} compared "
        parts.append(
            f"{verb}with {_part(contest.rival, comparison)} `{contest.rival.name}` "
            f"({points(contest.estimate.interval())} points, adjusted {p_value(contest.p_holm)})"
        )
    *before, last = parts
    return " and ".join([*([", ".join(before)] if before else []), last])


def _part(rival: Arm, comparison: Comparison) -> str:
    if rival is comparison.reference:
        return "the plain real arm"
    return "the best arm without synthesis," if rival is comparison.best_real else "its own recipe without synthesis,"


def _not_detected(found: Sequence[Contest]) -> list[str]:
    """Say how large an effect could have been missed; nothing where none was missed."""
    missed = [contest.smallest_effect for contest in found if contest.outcome is Outcome.NO_EFFECT]
    known = [effect for effect in missed if effect is not None]
    if known:
        return [f"A true effect below {max(known) * 100:.1f} points could have gone unseen."]
    return ["The arms never differed, which does not tell how small an effect could be seen."] if missed else []


def _cut_off(found: Sequence[Contest]) -> list[str]:
    """Warn where an arm that the verdict speaks of was not trained to its end."""
    spoken_of = [found[0].arm, *(contest.rival for contest in found)]
    listed = cut_off_runs({arm.name: arm.cut_off for arm in spoken_of}, len(found[0].arm.val_accuracy))
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
    like_for_like = comparison.against_same_recipe.get(chosen.name) if chosen else None
    return {
        "verdict": sentence(comparison),
        "outcome": comparison.outcome.value if comparison.outcome else None,
        "against_real": outcomes.get(comparison.reference.name),
        "against_best_without_synthesis": outcomes.get(comparison.best_real.name),
        "against_same_recipe": outcomes.get(like_for_like.rival.name) if like_for_like else None,
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
        ``highest`` and ``lowest`` group; among how many ``pairs`` they were found; ``gap`` of each arm, its interval
        corrected for that choice (Bonferroni); ``change`` of the gap against the reference for each
        other arm, above 0 where it widens. None without groups.
    """
    gap = widest_gap(comparison.arms, comparison.reference)
    if gap is None:
        return None
    return {
        "highest": gap.highest.name,
        "lowest": gap.lowest.name,
        "pairs": gap.pairs,
        "gap": {arm.name: gap_in(arm.predictions.hits, gap).interval(gap.pairs).to_json() for arm in comparison.arms},
        "change": {
            arm.name: gap_in(differences(arm, comparison.reference), gap).interval().to_json()
            for arm in comparison.arms
            if arm is not comparison.reference
        },
    }
