"""The verdict and what stands below the tables, in words. Names between backticks are set as code by the readers."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from augment.core.endpoints import ACCURACY, OF_GROUPS
from augment.results.kinds import ArmKind, Effect, Missing
from augment.results.record import ArmResult, Interval, Kept, PairedResult, Result
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from augment.results.wording import CANNOT_TELL, ENDPOINTS, WIDEST, paired, percent, points, quoted

SYNTHESIZER_FIGURE = {figure.name: figure for figure in SYNTHESIZER_FIGURES}

EFFECTS = {
    Effect.HELPS: "is more accurate than",
    Effect.NO_EFFECT: "cannot be told apart from",
    Effect.HURTS: "is less accurate than",
}


MOST_REASONS = 3
"""Reasons that a sentence gives before it only counts them; the page and the table give all."""

TRY = "What to try: more `steps`, another kind of synthesizer, or more images of these classes; see its pictures."


def verdict(result: Result) -> str:
    """Say what to go without, what to use, and what that rests on."""
    first = [*left_out(result), *merged_all_the_same(result), advice(result)]
    if not result.judged:
        return " ".join(first)
    return " ".join([*first, *doubts(result), *grounds(result)])


def advice(result: Result) -> str:
    """Say what to train on."""
    if not result.judged:
        return (
            "No verdict on synthesis: no arm on real images alone could be trained, so that there is nothing to "
            "compare with. Mend that first."
        )
    use = f"train on `{result.use.train_set}` with recipe `{result.use.recipe}`"
    if result.use.kind is ArmKind.MERGED:
        return f"Use the synthetic images: {use}."
    return f"Leave the synthetic images out: {use}." if result.chosen else f"{use[0].upper()}{use[1:]}."


def left_out(result: Result) -> list[str]:
    """Say what could not be made or used, and why, a sentence each."""
    said = []
    for (missing, reasons), alike in groupby(result.left_out, key=lambda each: (each.missing, each.reasons)):
        names = ", ".join(f"`{each.name}`" for each in alike)
        match missing:
            case Missing.FAILED_CHECKS:
                said.append(f"{names} failed its checks ({_first(reasons)}): leave it out. {TRY}")
            case Missing.NOT_MADE:
                said.append(f"{names} could not be made or judged ({_first(reasons)}): leave it out.")
            case _:
                said.append(f"Left out: {names}, because {_first(reasons)}.")
    return said


def _first(reasons: Sequence[str]) -> str:
    more = [f"and {len(reasons) - MOST_REASONS} more"] if len(reasons) > MOST_REASONS else []
    return "; ".join([*(quoted(reason).rstrip(".") for reason in reasons[:MOST_REASONS]), *more])


def merged_all_the_same(result: Result) -> list[str]:
    """Say which images failed their checks and were trained on nevertheless, a sentence for each synthesizer."""
    said = []
    for made in result.synthesizers:
        taken = dict.fromkeys(f"`{arm.train_set}`" for arm in result.arms if arm.synthesizer == made.name)
        if made.failures and taken:
            said.append(
                f"The images of `{made.name}` failed their checks ({_first(made.failures)}) and were taken into "
                f"{', '.join(taken)} all the same, as `allow_failed` asks."
            )
    return said


def doubts(result: Result) -> list[str]:
    """Say why the figures may mean little: classifiers that guess, or a judge that hardly knows the real images."""
    said = []
    if result.use.guesses:
        found, chance = result.use.scores["balanced_accuracy"].mean, 1 / len(result.classes)
        said.append(
            f"But this is guessing: `{result.use.name}`, the best arm, has a balanced accuracy of {found * 100:.1f} % "
            f"on these test images, not told apart from the {chance * 100:.1f} % of chance. More or clearer images "
            "come first."
        )
    return [*said, *weak_judge(result)]


def weak_judge(result: Result) -> list[str]:
    """Say that the judge of synthetic images is weak, if it is."""
    made = next((made for made in result.synthesizers if made.weak_judge), None)
    if made is None:
        return []
    known = SYNTHESIZER_FIGURE["judge_accuracy"].text(made.figures["judge_accuracy"])
    return [
        f"The judge of the synthetic images hardly knows the real ones (accuracy on val in %, with its interval, and "
        f"chance: {known}), so that what it says of them means little: trust the pictures more."
    ]


def grounds(result: Result) -> list[str]:
    """Say what the advice rests on."""
    return [*_evidence(result), *searched(result), *_cut_off(result)]


def searched(result: Result) -> list[str]:
    """Say how many settings were tried before these were taken."""
    if not result.tried:
        return []
    counts = " and ".join(f"{number} of a {what}" for what, number in result.tried.items())
    return [f"Before that, settings were searched on val ({counts} tried); test was read by none of them."]


def _evidence(result: Result) -> Iterator[str]:
    chosen = result.chosen
    if chosen is None:
        yield f"Real and synthetic images together are not judged: {_why_not_judged(result)}."
        return
    yield (
        f"{_tested_on(chosen, result)}, `{chosen.name}`, the best arm with synthetic images, "
        f"{_all_compared(chosen, result)}."
    )
    yield from _of_no_other_group(result)
    missed = [each.smallest_effect for each in chosen.compared if each.effect is Effect.NO_EFFECT]
    known = [effect for effect in missed if effect is not None]
    if known and max(known) > WIDEST:
        more = "groups of test images" if _counts_groups(result) else "test images"
        yield f"So uncertain a comparison shows nothing, not even a large difference: more {more} or runs would."
    elif known:
        yield f"A true difference of up to {max(known) * 100:.1f} points could have gone unseen."
    elif missed:
        yield "The arms gave the same answers, which does not tell how small a difference could be seen."


def _counts_groups(result: Result) -> bool:
    """Whether the verdict's intervals count groups: an endpoint of groups is about these very ones."""
    return result.over_groups and result.endpoint not in OF_GROUPS


def _tested_on(chosen: ArmResult, result: Result) -> str:
    runs = f"over {result.runs} runs{' with a generator each' if chosen.generators > 1 else ''}"
    if _counts_groups(result):
        return f"{runs.capitalize()} and {result.test_groups} groups of test images ({result.test_images} images)"
    groups = {None: "", 1: " of one group"}.get(result.test_groups, f" of these {result.test_groups} groups")
    return f"On {result.test_images} test images{groups} and {runs}"


def _of_no_other_group(result: Result) -> list[str]:
    """Say that nothing is known of other groups, where the split asks for them and the test images cannot tell."""
    if result.test_groups == 1:
        return ["They are all of one group: intervals cover other images of it, and nothing is said of other groups."]
    if result.over_groups and not _counts_groups(result):
        return ["It is asked of these very groups: intervals cover other images of them, and no other groups."]
    return []


def redrawn(result: Result) -> str:
    """Name what an interval of an arm is over."""
    return f"runs and {'groups of test images' if result.over_groups else 'test images'}"


def covered(result: Result) -> str:
    """Say which chance an interval covers."""
    if result.over_groups:
        return (
            f"It covers chance in training and in the choice of the {result.test_groups} groups that the test images "
            "are of, as the split keeps groups apart: images of one group are right and wrong together. Of a single "
            "group or cell it covers other images."
        )
    if result.test_groups == 1:
        return (
            "It covers chance in training and in the choice of test images, which are all of one group. It says "
            "nothing of other groups."
        )
    return "It covers chance in training and in the choice of test images."


def _why_not_judged(result: Result) -> str:
    empty = sorted({f"`{arm.train_set}`" for arm in result.arms if arm.kind is ArmKind.EMPTY_MIX})
    if empty:
        return (
            f"no synthetic image was added to {', '.join(empty)}. Where every class had as many images as `fill` asks "
            "for, give the mix a `share: 0.5` instead"
        )
    return "no arm with both is left" if result.left_out else "no arm trains on both"


def _all_compared(chosen: ArmResult, result: Result) -> str:
    """Say how the chosen arm fares against each baseline; the same effect only once in a row."""
    said, before = [], None
    for compared in chosen.compared:
        verb = "" if compared.effect is before else f"{_verb(compared.effect, result)} "
        said.append(f"{verb}`{compared.arm}`, {part_of(compared, result)} ({paired(compared)})")
        before = compared.effect
    *first, last = said
    return f"{', '.join(first)} and {last}" if first else last


def _verb(effect: Effect, result: Result) -> str:
    if result.endpoint == ACCURACY or effect is Effect.NO_EFFECT:
        return EFFECTS[effect]
    return f"has a {'higher' if effect is Effect.HELPS else 'lower'} {ENDPOINTS[result.endpoint]} than"


def part_of(compared: PairedResult, result: Result) -> str:
    """Say what part a baseline plays."""
    if compared.arm == result.best_real.name:
        return "the best arm without synthesis"
    if compared.arm == result.hardest_real:
        return "the one that does best on these very test images, as val cannot choose for cells that it has none of"
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
    said = _kept(arm, kept, result)
    return " ".join([said, *_given_away(result, arm)])


def _kept(arm: ArmResult, kept: Kept, result: Result) -> str:
    if kept.ratio.high - kept.ratio.low > WIDEST:
        return (
            f"How much of the accuracy of `{result.best_real.name}` a classifier keeps that is trained on synthetic "
            f"images alone (`{arm.name}`), {CANNOT_TELL}."
        )
    return (
        f"Trained on synthetic images alone, `{arm.name}` keeps {percent(kept.ratio)} of the accuracy of "
        f"`{result.best_real.name}` ({points(kept.difference)} points)."
    )


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
