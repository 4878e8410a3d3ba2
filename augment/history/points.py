"""What `python -m pipelines history` found, as it hands it on."""

from typing import Self

from pydantic import Field, RootModel

from augment.core.records import Number, Record


class Scored(Record):
    """An arm and what test says of it, by the verdict's endpoint, with its 95 % interval."""

    arm: str
    mean: Number
    low: Number
    high: Number


class Difference(Record):
    """Between two arms, with its 95 % interval."""

    mean: Number
    low: Number
    high: Number


class Outcome(Record):
    """What a run said of a dataset.

    Attributes:
        word: What synthesis does all in all.
        endpoint: What the verdict was asked.
        difference: The best arm with synthesis minus the best without; None without one.
        without: The best arm without synthesis; None where nothing was judged.
        with_: The best with it.
    """

    word: str
    endpoint: str
    difference: Difference | None
    without: Scored | None = None
    with_: Scored | None = Field(default=None, alias="with")


class Point(Record):
    """A dataset after a run.

    Attributes:
        when: ISO 8601, in UTC.
        names: Of the commits, runs and experiments that ended so, the earliest first.
        aside: Whether it is an experiment's, on which the next run does not follow.
        data: Short hash.
        settings: The same.
        changes: What is another than at the point before, a phrase each.
        verdict_changed: Whether the word is another.
        record: None where it is not here any more.
    """

    when: str
    names: tuple[str, ...]
    aside: bool
    data: str
    settings: str
    changes: tuple[str, ...]
    verdict_changed: bool
    record: Outcome | None

    @property
    def day(self) -> str:
        """When, to the minute."""
        return f"{self.when[:10]} {self.when[11:16]}"


class History(RootModel[dict[str, tuple[Point, ...]]]):
    """Dataset → its points, oldest first."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what the command wrote."""
        return cls.model_validate_json(text)
