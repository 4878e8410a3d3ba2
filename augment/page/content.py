"""What the page shows, as the stage read it. Whatever may be missing is None or empty: the page then says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from augment.results.record import Result

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Pictures:
    """What there is to see of one synthesizer.

    Attributes:
        name: As in ``params.yaml``.
        history: ``step``, ``figure``, ``value``: losses, and quality at every evaluation point.
        filmstrip: PNG: one row an evaluation point, one sample a class, always of the same noise.
        grid: PNG: real images on the left, synthetic ones on the right, one row a class.
        nearest: PNG: pairs of a synthetic image and its nearest training image, one row a class.
        translated: Whether the synthetic images of ``grid`` are translations of the real ones, in their order.
    """

    name: str
    history: pd.DataFrame | None = None
    filmstrip: bytes | None = None
    grid: bytes | None = None
    nearest: bytes | None = None
    translated: bool = False


@dataclass(frozen=True)
class DatasetResults:
    """What came of one dataset.

    Attributes:
        result: All figures, and the verdict.
        source: Where its images come from.
        family: Shared by datasets that are points of one learning curve: the same images, split alike.
        per_class: Training images that it keeps of every class, if that is how it was thinned.
        confusion: Arm → ``actual`` and ``predicted`` class name of each test image.
        pictures: Of the synthesizers that it was run with.
        account: What became of every file and image, as `prepare` tells it; None where it is not there.
        question: What an accuracy on its test split is an answer to.
    """

    result: Result
    source: str
    family: str
    per_class: int | None
    confusion: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pictures: tuple[Pictures, ...] = ()
    account: Json | None = None
    question: str = ""


@dataclass(frozen=True)
class Provenance:
    """Where the figures of a dataset come from, and what they cost.

    Attributes:
        made: When the page was made.
        revision: Git's commit; None outside a repository.
        changed: Files that differ from that commit, but for what the pipeline itself writes.
        lock: ``dvc.lock`` as far as the dataset goes: every stage with the hashes of what it read and wrote.
        costs: Stage → what its last run on this machine cost, see `augment.costs`.
        versions: Library → version.
        settings: Seeds and runtime, as they are told.
    """

    made: str
    revision: str | None = None
    changed: tuple[str, ...] = ()
    lock: Json = field(default_factory=dict)
    costs: Mapping[str, Json] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
