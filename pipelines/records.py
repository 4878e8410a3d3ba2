"""What a run says of a dataset: those keys of its record that the history and messages need.

The record is the output that a stage of dvc.yaml names by its hint `record`. Other versions of the project wrote, and
will write, other keys beside these.
"""

from typing import Literal, Self

import pydantic

NOT_JUDGED = "not judged"
_FAILED_CHECKS = "failed_checks"


class _Part(pydantic.BaseModel, frozen=True, extra="ignore"):
    pass


class Interval(_Part):
    """A mean and its 95 % interval, as shares of one."""

    mean: float
    low: float
    high: float

    def text(self, sign: Literal["", "+"] = "") -> str:
        """Write it in points."""
        return f"{100 * self.mean:{sign}.1f} [{100 * self.low:{sign}.1f}, {100 * self.high:{sign}.1f}]"


class _Score(_Part):
    mean: float
    interval: Interval | None = None


class _Compared(_Part):
    difference: Interval


class Arm(_Part):
    """A training set with a recipe."""

    train_set: str
    recipe: str
    roles: list[str]
    scores: dict[str, _Score]
    endpoints: dict[str, _Score] = {}
    against: dict[str, _Compared]

    @property
    def name(self) -> str:
        """Such as `real/plain`."""
        return f"{self.train_set}/{self.recipe}"

    def score(self, endpoint: str) -> Interval | None:
        """Give what test says by an endpoint; without an interval of its own it is a point."""
        found = self.endpoints.get(endpoint) or self.scores.get(endpoint)
        if found is None:
            return None
        return found.interval or Interval(mean=found.mean, low=found.mean, high=found.mean)


class _LeftOut(_Part):
    name: str
    missing: str
    reasons: list[str]


class Record(_Part):
    """What came of a dataset."""

    arms: list[Arm]
    left_out: list[_LeftOut]
    effect: str | None
    verdict: str
    endpoint: str = "accuracy"

    @classmethod
    def read(cls, content: str | bytes) -> Self | None:
        """Read a record; None for one of a version that had other keys."""
        try:
            return cls.model_validate_json(content)
        except pydantic.ValidationError:
            return None

    @property
    def word(self) -> str:
        """What synthesis does all in all."""
        return self.effect or NOT_JUDGED

    @property
    def without(self) -> Arm | None:
        """The best arm without synthesis."""
        return self._playing("best_real")

    @property
    def with_(self) -> Arm | None:
        """The best arm with synthetic images."""
        return self._playing("chosen")

    @property
    def use(self) -> Arm | None:
        """The arm that the verdict recommends."""
        return self._playing("use")

    @property
    def difference(self) -> Interval | None:
        """The latter minus the former."""
        compared = self.with_ and self.with_.against.get("best_real")
        return compared.difference if compared else None

    @property
    def failed_checks(self) -> dict[str, str]:
        """Name each synthesizer whose images no training set takes → why."""
        return {each.name: " ".join(each.reasons) for each in self.left_out if each.missing == _FAILED_CHECKS}

    def _playing(self, role: str) -> Arm | None:
        return next((arm for arm in self.arms if role in arm.roles), None)
