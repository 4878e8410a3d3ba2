"""The verdict and what stands below the tables, in words. Names between backticks are set as code by the readers."""

from collections.abc import Iterator

from augment.results.kinds import ArmKind, Effect
from augment.results.record import ArmResult, Interval, PairedResult, Result
from augment.results.wording import paired, percent, points, quoted

EFFECTS = {
    Effect.HELPS: "is more accurate than",
    Effect.NO_EFFECT: "cannot be told apart from",
    Effect.HURTS: "is less accurate than",
}


def verdict(result: Result) -> str:
    """Say what to use, what that rests on, and what it has to go without."""
    return " ".join([*left_out(result), advice(result), *_evidence(result), *_cut_off(result)])


def advice(result: Result) -> str:
    """Say what to train on."""
    use = f"train on `{result.use.train_set}` with recipe `{result.use.recipe}`"
    if result.use.kind is ArmKind.MERGED:
        return f"Use the synthetic images: {use}."
    return f"Leave the synthetic images out: {use}." if result.chosen else f"{use[0].upper()}{use[1:]}."


def left_out(result: Result) -> list[str]:
    """Say what could not be made, and why, a sentence each."""
    return [
        f"Left out: `{each.name}`, because {'; '.join(quoted(reason).rstrip('.') for reason in each.reasons)}."
        for each in result.left_out
    ]


def _evidence(result: Result) -> Iterator[str]:
    chosen = result.chosen
    if chosen is None:
        empty = sorted({f"`{arm.train_set}`" for arm in result.arms if arm.kind is ArmKind.EMPTY_MIX})
        why = f"no synthetic image was added to {', '.join(empty)}" if empty else "no arm trains on both"
        yield f"Real and synthetic images together are not judged: {why}."
        return
    yield (
        f"On {result.test_images} test images and over {result.runs} runs, `{chosen.name}`, the best arm with "
        f"synthetic images, {_all_compared(chosen, result)}."
    )
    missed = [each.smallest_effect for each in chosen.compared if each.effect is Effect.NO_EFFECT]
    known = [effect for effect in missed if effect is not None]
    if known:
        yield f"A true difference of up to {max(known) * 100:.1f} points could have gone unseen."
    elif missed:
        yield "The arms gave the same answers, which does not tell how small a difference could be seen."


def _all_compared(chosen: ArmResult, result: Result) -> str:
    """Say how the chosen arm fares against each baseline; the same effect only once in a row."""
    said, before = [], None
    for compared in chosen.compared:
        verb = "" if compared.effect is before else f"{EFFECTS[compared.effect]} "
        said.append(f"{verb}`{compared.arm}`, {part_of(compared, result)} ({paired(compared)})")
        before = compared.effect
    *first, last = said
    return f"{', '.join(first)} and {last}" if first else last


def part_of(compared: PairedResult, result: Result) -> str:
    """Say what part a baseline plays."""
    if compared.arm == result.best_real.name:
        return "the best arm without synthesis"
    return "the plain real arm" if compared.arm == result.reference.name else "the same recipe on real images"


def _cut_off(result: Result) -> list[str]:
    """Warn where an arm that the verdict speaks of was not trained to its end."""
    spoken_of = [result.use.name, *([result.chosen.name] if result.chosen else [])]
    spoken_of += [compared.arm for compared in (result.chosen.compared if result.chosen else [])]
    listed = _cut_off_runs([arm for arm in result.arms if arm.name in spoken_of], result.runs)
    return [f"Not trained to their end, so take it with care: {listed}; raise `max_steps`."] if listed else []


def _cut_off_runs(arms: list[ArmResult], runs: int) -> str:
    return ", ".join(f"{arm.cut_off} of {runs} runs of `{arm.name}`" for arm in arms if arm.cut_off)


def cut_off_note(result: Result) -> str:
    """Say which arms have runs that were stopped before val had stopped improving; empty where none has."""
    listed = _cut_off_runs(list(result.arms), result.runs)
    return f" Stopped at `max_steps`, before val had stopped improving: {listed}." if listed else ""


def release(result: Result) -> str:
    """Say what a classifier keeps that sees synthetic images alone, and what those give away; empty where none does."""
    arm, kept = result.release, result.kept
    if arm is None or kept is None:
        return ""
    said = (
        f"Trained on synthetic images alone, `{arm.name}` keeps {percent(kept.ratio)} of the accuracy of "
        f"`{result.best_real.name}` ({points(kept.difference)} points)."
    )
    return " ".join([said, *_given_away(result, arm)])


def _given_away(result: Result, arm: ArmResult) -> Iterator[str]:
    made = result.synthesizer(arm.synthesizer)
    figures = made.figures if made else {}
    right = [(space, figures.get(f"attacker_right_{space}")) for space in ("pixels", "features")]
    told = [
        f"{percent(Interval(mean=found.value, low=found.low, high=found.high))} of cases by {space}"
        for space, found in right
        if found and found.value is not None and found.low is not None and found.high is not None
    ]
    if told:
        yield (
            "An attacker who sees only the synthetic images and has to tell a training image from an unseen one is "
            f"right in {' and in '.join(told)} (guessing: 50 %)."
        )
    copies = figures.get("near_copies_pixels")
    if copies and copies.value is not None and copies.real_reference is not None:
        yield (
            f"{copies.value * 100:.1f} % of the synthetic images are near copies of training images "
            f"(expected by chance: {copies.real_reference * 100:.1f} %)."
        )
