"""What came of a dataset: the one record that the table, the page, the product and the studies are made of."""

from typing import Annotated, Self

from pydantic import Field, NonNegativeInt, PlainSerializer, PositiveInt, model_validator

from augment.core.endpoints import ACCURACY, Endpoint
from augment.core.records import ABSENT, Number, Record
from augment.results.kinds import ArmKind, Baseline, Effect, Missing, PartKind, Role
from augment.results.synthesizer_result import SynthesizerResult

Roles = Annotated[frozenset[Role], PlainSerializer(lambda roles: [role for role in Role if role in roles])]
"""Written in the order of `Role`: a set has none, and equal results must be equal bytes."""


class Interval(Record):
    """A mean and its 95 % confidence interval."""

    mean: Number
    low: Number
    high: Number


class Score(Record):
    """One figure of an arm over its runs.

    Attributes:
        mean: Over runs.
        std: Sample standard deviation over runs.
        interval: 95 %, over runs and test images, where there is one.
        class_name: The class that it is of, where it is that of one class.
    """

    mean: Number
    std: Number
    interval: Interval | None = None
    class_name: str | None = None


class PairedResult(Record):
    """How much better an arm is than a baseline by the verdict's endpoint; see `augment.comparison.paired`.

    Attributes:
        arm: Name of the arm that plays the baseline.
        effect: By ``p_holm``.
        difference: Endpoint of the arm minus that of the baseline, over runs and test images.
        bootstrap: The same by the pigeonhole bootstrap.
        p: t test of the difference.
        p_holm: The same, corrected for the number of ``tests``.
        p_sign_flip: By sign flips of runs and images.
        p_mcnemar: Of the two ensembles of all runs; None where groups of test images are the unit, as it takes images
            for independent.
        tests: Arms of the kind, all of which were tested.
        smallest_effect: Smallest true difference that would be detected with 80 % power; None where the arms never
            differ.
        seeds_for: Difference → runs that would detect it on these test images; None where only more images would help.
    """

    arm: str
    effect: Effect
    difference: Interval
    bootstrap: Interval
    p: Number
    p_holm: Number
    p_sign_flip: Number
    p_mcnemar: Number | None
    tests: int
    smallest_effect: Number | None
    seeds_for: dict[str, int | None]


class GapResult(Record):
    """The accuracy gap between two groups of test images, in one arm.

    Attributes:
        gap: Accuracy on the one minus that on the other; the interval allows for the choice among all pairs of groups.
        change: The gap minus that of the reference: above 0 where the arm widens it. None for the reference itself.
    """

    gap: Interval
    change: Interval | None


class ArmResult(Record):
    """One arm.

    Attributes:
        train_set: Name of the training set.
        recipe: Name of the recipe.
        kind: What is in the training set.
        roles: The parts it plays.
        synthesizer: Whose images the training set is for, if any's.
        cut_off: Runs that reached their last step before val had stopped improving.
        accuracy_of_runs: Accuracy of each run on test.
        scores: Name of each of `augment.results.arm_figures.ARM_FIGURES` → what was found.
        against: Baseline → the comparison; none with itself.
        guesses: Whether it cannot be told from guessing: the 95 % interval of its balanced accuracy reaches one in K.
        gap: Between the two groups that differ most; None without groups.
        endpoints: What the verdict may be asked of images with groups → what was found; absent without groups. Of the
            worst group ``class_name`` is the group.
        val_endpoint: Mean over runs of what val says by the verdict's endpoint; absent where that is accuracy.
        generators: How many generators drew the synthetic images; absent where it is one, else one a run.
    """

    train_set: str
    recipe: str
    kind: ArmKind
    roles: Roles
    synthesizer: str | None
    cut_off: NonNegativeInt
    accuracy_of_runs: tuple[Number, ...]
    scores: dict[str, Score]
    against: dict[Baseline, PairedResult]
    guesses: bool
    gap: GapResult | None = None
    endpoints: Annotated[dict[Endpoint, Score], Field(exclude_if=lambda found: not found)] = Field(default_factory=dict)
    val_endpoint: Annotated[Number | None, ABSENT] = None
    generators: Annotated[PositiveInt, Field(exclude_if=lambda count: count == 1)] = 1

    @property
    def name(self) -> str:
        """Training set and recipe, e.g. ``real/plain``."""
        return f"{self.train_set}/{self.recipe}"

    @property
    def val_score(self) -> float:
        """Mean over runs of what val says; arms are chosen by it."""
        return self.scores["val_accuracy"].mean if self.val_endpoint is None else self.val_endpoint

    @property
    def compared(self) -> list[PairedResult]:
        """Its comparisons, the weightiest baseline first, none twice."""
        ordered = (Baseline.BEST_REAL, Baseline.HARDEST_REAL, Baseline.SAME_RECIPE, Baseline.REFERENCE)
        found = {each.arm: each for baseline in ordered if (each := self.against.get(baseline))}
        return list(found.values())


class PartResult(Record):
    """Recall of the chosen arm and of the best one without synthesis, on some of the test images.

    Attributes:
        kind: What they have in common.
        name: Of the class, tier or group.
        test_images: How many there are.
        train_before: Training images of the best arm without synthesis; None for groups.
        train_after: Those of the chosen arm.
        before: Recall of the former; None where there is no image.
        after: Recall of the latter.
        difference: After minus before; None where there are too few images.
        p_holm: Of no difference, corrected over all parts of the kind.
        detected: Whether that is small enough.
    """

    kind: PartKind
    name: str
    test_images: NonNegativeInt
    train_before: NonNegativeInt | None
    train_after: NonNegativeInt | None
    before: Number | None
    after: Number | None
    difference: Interval | None
    p_holm: Number | None
    detected: bool


class WidestGap(Record):
    """The two groups of test images between which accuracy differs most over all arms, found among ``pairs``."""

    highest: str
    lowest: str
    pairs: int


class Kept(Record):
    """What the arm of `Role.RELEASE` keeps of the accuracy of the best one without synthesis.

    Attributes:
        ratio: Accuracy of the one over that of the other.
        difference: The one minus the other.
    """

    ratio: Interval
    difference: Interval


class LeftOut(Record):
    """What was asked for and could not be made of these data.

    Attributes:
        name: Of a synthesizer, training set or arm, e.g. ``gan`` or ``merged/plain``.
        missing: What it is, and at what point it failed.
        reasons: Why, a sentence each; none is told of two things.
    """

    name: str
    missing: Missing
    reasons: Annotated[tuple[str, ...], Field(min_length=1)]


class Result(Record):
    """All that came of a dataset.

    Attributes:
        dataset: Its name.
        classes: Class names, in the order of the labels.
        runs: Trainings of each arm.
        test_images: How many images all arms are judged on.
        arms: In the order of ``params.yaml``; none where no real arm could be trained, as there is nothing to compare
            with then.
        parts: Where the chosen arm changes recall: tiers of classes, groups, classes. Empty without a chosen arm.
        gap: None where the test images have no groups.
        kept: None where no arm trains on synthetic images alone.
        synthesizers: In the order of ``params.yaml``.
        left_out: What the comparison has to go without.
        effect: What synthesis does all in all; None where no arm is chosen.
        verdict: All of it in a few sentences.
        endpoint: What the verdict was asked: arms are chosen by it, and differences are in it. Absent where it is
            accuracy.
        tried: ``recipe``, ``synthesizer`` or ``mix`` → how many settings of it a search tried on val beforehand. Absent
            where nothing was searched.
        test_groups: Number of groups that the test images are of, where intervals count groups: the split kept them
            together, or held them out. Absent where intervals count images.
    """

    dataset: str
    classes: tuple[str, ...]
    runs: int
    test_images: int
    arms: tuple[ArmResult, ...]
    parts: tuple[PartResult, ...]
    gap: WidestGap | None
    kept: Kept | None
    synthesizers: tuple[SynthesizerResult, ...]
    left_out: tuple[LeftOut, ...]
    effect: Effect | None
    verdict: str
    endpoint: Annotated[Endpoint, Field(exclude_if=lambda name: name == ACCURACY)] = ACCURACY
    tried: Annotated[dict[str, NonNegativeInt], Field(exclude_if=lambda found: not found)] = Field(default_factory=dict)
    test_groups: Annotated[PositiveInt | None, ABSENT] = None

    @model_validator(mode="after")
    def _every_part_is_played_once(self) -> Self:
        if not self.arms:
            return self
        played = [role for arm in self.arms for role in arm.roles]
        unplayed = [role for role in (Role.REFERENCE, Role.BEST_REAL, Role.USE) if role not in played]
        if unplayed or len(set(played)) < len(played):
            raise ValueError(f"roles: expected a reference, a best_real and a use, none twice, found {sorted(played)}")
        return self

    def playing(self, role: Role) -> ArmResult | None:
        """Give the arm that plays a part; None where none does."""
        return next((arm for arm in self.arms if role in arm.roles), None)

    @property
    def judged(self) -> bool:
        """Whether there are arms to speak of: only then are there a reference, a best real arm and one to use."""
        return bool(self.arms)

    @property
    def own_generators(self) -> bool:
        """Whether the runs of an arm learned from a generator each."""
        return any(arm.generators > 1 for arm in self.arms)

    @property
    def over_groups(self) -> bool:
        """Whether intervals count groups of test images. A single group tells nothing of others: images count there."""
        return self.test_groups is not None and self.test_groups > 1

    @property
    def reference(self) -> ArmResult:
        """The plain real arm."""
        return self._player(Role.REFERENCE)

    @property
    def best_real(self) -> ArmResult:
        """The best arm without synthesis."""
        return self._player(Role.BEST_REAL)

    @property
    def use(self) -> ArmResult:
        """The arm to use."""
        return self._player(Role.USE)

    @property
    def chosen(self) -> ArmResult | None:
        """The best arm with both real and synthetic images."""
        return self.playing(Role.CHOSEN)

    @property
    def release(self) -> ArmResult | None:
        """The best arm with synthetic images alone."""
        return self.playing(Role.RELEASE)

    def _player(self, role: Role) -> ArmResult:
        return next(arm for arm in self.arms if role in arm.roles)

    def synthesizer(self, name: str | None) -> SynthesizerResult | None:
        """Give the synthesizer of a name."""
        return next((each for each in self.synthesizers if each.name == name), None)

    @property
    def baselines(self) -> list[Baseline]:
        """The baselines worth a column: none that is another by a second name."""
        found = [Baseline.REFERENCE]
        if self.best_real is not self.reference:
            found.append(Baseline.BEST_REAL)
        same_recipe = [arm.against.get(Baseline.SAME_RECIPE) for arm in self.arms]
        if any(each and each.arm != self.reference.name for each in same_recipe):
            found.append(Baseline.SAME_RECIPE)
        if self.hardest_real not in (None, self.reference.name, self.best_real.name):
            found.append(Baseline.HARDEST_REAL)
        return found

    @property
    def hardest_real(self) -> str | None:
        """Name of the real arm that does best on test itself; None where val can choose."""
        compared = (arm.against.get(Baseline.HARDEST_REAL) for arm in self.arms)
        return next((each.arm for each in compared if each), None)
