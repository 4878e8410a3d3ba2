"""Settings of the splits: how images are dealt to them, how the train split is thinned."""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from augment.core.registry import Method, OneOf
from augment.core.settings_block import Spec

Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]


Size = Fraction | PositiveInt


class OfficialPart(Spec):
    """A part of what the source itself sets apart, each class in proportion; the rest of it is not used.

    Attributes:
        official: Share or number of its images.
    """

    official: Size


class NamedGroups(Spec):
    """Groups that are set apart whole, such as a hospital that training never sees.

    Attributes:
        groups: Their names.
    """

    groups: Annotated[list[str], Field(min_length=1)]


Together = Literal["group", "near_copies"]


class SplitSpec(Spec):
    """How images are dealt to the splits, each class in proportion.

    Attributes:
        val: Share (0 to 1, exclusive) or number of the images that are not test; or as ``test``.
        test: Share or number of all images; ``official``: the images that the source itself sets apart, or
            ``{official: 0.5}``, a part of them; or ``{groups: [north]}``: all images of these groups.
        keep_together: What no two splits share: images of one ``group``, ``near_copies`` of one picture, or both, as a
            list.
    """

    val: Size | Literal["official"] | OfficialPart | NamedGroups
    test: Size | Literal["official"] | OfficialPart | NamedGroups
    keep_together: Together | list[Together] = Field(default_factory=list, exclude_if=lambda value: value == [])

    def together(self) -> frozenset[Together]:
        """Give what is kept together as a set."""
        kept = self.keep_together
        return frozenset(kept if isinstance(kept, list) else [kept])

    def tests_new_groups(self) -> bool:
        """Whether the test images are of groups that training sees nothing of: the groups are what was drawn then."""
        return "group" in self.together() or isinstance(self.test, NamedGroups)


class Scarcity(Method):
    """How many images of the train split are kept."""

    @abstractmethod
    def targets(self, classes: int) -> list[int] | None:
        """Count the train images that each class should keep; None to keep all."""


class NoScarcity(Scarcity):
    """Keep the whole train split."""

    kind: Literal["none"]

    def targets(self, classes: int) -> None:
        """See `Scarcity.targets`."""


class ByClass(Scarcity):
    """Keep some images of each class.

    Attributes:
        unlabelled: How many of the others, drawn at random, stay as images without labels: recipes may learn from them.
    """

    unlabelled: Annotated[NonNegativeInt, Field(exclude_if=lambda count: count == 0)] = 0


class PerClassScarcity(ByClass):
    """Keep ``count`` train images of every class.

    Attributes:
        count: Images of each class.
    """

    kind: Literal["per_class"]
    count: PositiveInt

    def targets(self, classes: int) -> list[int]:
        """See `Scarcity.targets`."""
        return [self.count] * classes


class LongTailScarcity(ByClass):
    """Keep ``head`` images of the first class, ``tail`` of the last, exponentially fewer in between.

    The profile of Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019.

    Attributes:
        head: Images of the first class.
        tail: Images of the last class.
    """

    kind: Literal["long_tail"]
    head: PositiveInt
    tail: PositiveInt

    @model_validator(mode="after")
    def _head_is_larger(self) -> "LongTailScarcity":
        if self.head <= self.tail:
            raise ValueError(f"head must be larger than tail, found head {self.head}, tail {self.tail}")
        return self

    def targets(self, classes: int) -> list[int]:
        """See `Scarcity.targets`."""
        decay = (self.tail / self.head) ** (1 / (classes - 1))
        return [round(self.head * decay**label) for label in range(classes)]


class CellScarcity(Scarcity):
    """Keep ``count`` train images of some cells of class and group, and of val in proportion; test keeps all.

    For studies of what filling rare cells brings: a hospital that has never seen a disease, as if made to measure.

    Attributes:
        cells: Group → the classes that are rare in it.
        count: Train images of each such cell; 0 leaves it empty.
    """

    kind: Literal["cells"]
    cells: Annotated[dict[str, list[str]], Field(min_length=1)]
    count: NonNegativeInt

    def targets(self, classes: int) -> None:  # noqa: ARG002  # counts cells, not classes
        """See `Scarcity.targets`."""
        return


ScarcitySpec = Annotated[Scarcity, OneOf()]
"""Settings of a thinning, told by ``kind``."""
