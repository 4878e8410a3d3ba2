"""What the page shows, as the stage read it. Whatever may be missing is None or empty: the page then says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Json = Mapping[str, Any]


@dataclass(frozen=True)
class SynthesizerResults:
    """What is known of one synthesizer's images.

    Attributes:
        name: As in ``params.yaml``.
        quality: What ``assess`` measured.
        history: ``step``, ``figure``, ``value``: losses, and quality at every look.
        filmstrip: PNG: one row a look, one sample a class, always of the same noise.
        grid: PNG: real images on the left, synthetic ones on the right, one row a class.
        nearest: PNG: pairs of a synthetic image and its nearest training image, one row a class.
    """

    name: str
    quality: Json | None = None
    history: pd.DataFrame | None = None
    filmstrip: bytes | None = None
    grid: bytes | None = None
    nearest: bytes | None = None


@dataclass(frozen=True)
class DatasetResults:
    """What came of one dataset.

    Attributes:
        name: As in ``params.yaml``.
        source: Where its images come from.
        family: Shared by datasets that are points of one learning curve: the same images, split alike.
        per_class: Training images that it keeps of every class, if that is how it was thinned.
        verdict: See `augment.evaluation.verdict.to_json`.
        arms: See `augment.evaluation.tables.arm_table`.
        recall: See `augment.evaluation.subgroups.recall_table`.
        confusion: Arm → ``actual`` and ``predicted`` class name of each test image.
        synthesizers: Those that it was run with.
    """

    name: str
    source: str
    family: str
    per_class: int | None
    verdict: Json
    arms: pd.DataFrame
    recall: pd.DataFrame
    confusion: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    synthesizers: tuple[SynthesizerResults, ...] = ()

    @property
    def classes(self) -> list[str]:
        """Class names in the order of the labels."""
        return list(dict.fromkeys(self.recall.loc[self.recall["kind"] == "class", "name"]))


@dataclass(frozen=True)
class Provenance:
    """Where the figures come from, and what they cost.

    Attributes:
        made: When the page was made.
        revision: Git's commit; None outside a repository.
        changed: Files that differ from that commit.
        lock: ``dvc.lock``: every stage with the hashes of what it read and wrote.
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
