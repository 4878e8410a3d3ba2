"""The image sets of a finished run, and what is known of where each image comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from augment.core.container import META, read_image_set
from augment.core.errors import ContainerError
from augment.core.generators import for_run
from augment.core.images import REAL, SYNTHETIC, ImageSet, blocks
from augment.core.store import LEFT_OUT, read_json, read_parquet
from augment.finished.project import PRODUCT, Project, require_one_of
from augment.merging.filters import attach_scores

SPLITS = {"val": "validation", "test": "test"}
"""Names that other tools give to splits; everything else is to be trained on."""

ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Part:
    """One image set of a dataset.

    Attributes:
        dataset: The dataset's name.
        what: Which of its image sets; see `Project.parts`.
        images: They, memory-mapped.
        made_by: What made them, as their container says.
        synthesizer: Whose images are among them, if any's.
        facts: One row an image; see `provenance`.
    """

    dataset: str
    what: str
    images: ImageSet
    made_by: dict[str, Any]
    synthesizer: str | None
    facts: pd.DataFrame

    @property
    def split(self) -> str:
        """What other tools call this: ``train``, ``validation`` or ``test``."""
        return SPLITS.get(self.what, "train")

    @cached_property
    def synthetic(self) -> npt.NDArray[np.bool_]:
        """Which of the images are synthetic, shape (N,)."""
        return (self.images.manifest["origin"] == SYNTHETIC).to_numpy(dtype=bool)

    @cached_property
    def labels(self) -> list[int]:
        """Class index of each image."""
        labels: list[int] = self.images.labels.tolist()
        return labels

    @cached_property
    def seeds(self) -> list[int | None]:
        """Seed whose stream drew each image; None of a real one."""
        return [None if pd.isna(seed) else int(seed) for seed in self.facts["generator_seed"]]

    def known(self, rows: slice = slice(None)) -> Iterator[dict[str, Any]]:
        """Yield of each image, or of those in ``rows``, what is known of it, as plain JSON values."""
        facts = self.facts.iloc[rows]
        for some in blocks(len(facts), 1, ROWS_AT_ONCE):
            for fact in facts.iloc[some].to_dict("records"):
                yield {str(name): _plain(value) for name, value in fact.items() if not pd.isna(value)}


def read_part(project: Project, dataset: str, what: str = PRODUCT) -> Part:
    """Read an image set and what is known of its images.

    Raises:
        SettingsError: There is no such dataset, or no such image set.
        ContainerError: It is not there, or broken.
        LeftOutError: It could not be made.
    """
    project.require_dataset(dataset)
    parts = project.parts()
    require_one_of("image set", what, list(parts))
    stage, option, names = parts[what]
    path = project.made(stage, option, dataset=dataset, **names)
    images, made_by = read_image_set(path), read_json(path / META)["made_by"]
    synthesizer = names.get("synthesizer") or _synthesizer_of(project, dataset, made_by)
    # Of several generators one drew what a classifier learned from.
    images = _scored(project, dataset, synthesizer, images) if "synthesizer" in names else for_run(images, 0)
    facts = provenance(images, synthesizer, _train_hashes(project, dataset))
    return Part(dataset, what, images, made_by, synthesizer, facts)


def provenance(images: ImageSet, synthesizer: str | None, train_hashes: pd.Series) -> pd.DataFrame:
    """Tell where each image comes from, in words that need no other file.

    Args:
        images: Real and synthetic ones.
        synthesizer: Who drew the latter.
        train_hashes: Content hash of each real training image, which scores number by row.

    Returns:
        One row an image. ``label``: class name. ``label_index``: 0 to K-1. ``origin``: real or synthetic. Of synthetic
        images alone: ``synthesizer``; ``generator_seed``; ``judged_label``: the class that the judge takes it for;
        ``confidence``: the probability that the judge gives its own class; ``nearest_train_hash``: content hash of the
        nearest training image; ``nearest_distance`` to it, root mean square in grey levels; ``near_copy``: whether that
        is closer than 99 of 100 held-out images are. ``content_hash``: SHA-256 of shape and pixels. Further columns of
        the manifest follow.
    """
    manifest = images.manifest.reset_index(drop=True)
    drawn = manifest["origin"] == SYNTHETIC
    facts = pd.DataFrame({"label": manifest["class_name"].astype("str"), "label_index": images.labels})
    names = pd.Series(pd.array([synthesizer], dtype="str")[np.zeros(len(images), dtype=np.int64)])
    facts["origin"] = manifest["origin"].astype("str")
    facts["synthesizer"] = names.where(drawn)
    for column in ("generator_seed", "content_hash"):
        facts[column] = manifest[column]
    if "judged_label" in manifest.columns:
        facts["judged_label"] = _taken(pd.Series(list(images.classes), dtype="str"), manifest["judged_label"])
        facts["confidence"] = manifest["confidence"]
        facts["nearest_train_hash"] = _taken(train_hashes.astype("str"), manifest["nearest_train"])
        for column in ("nearest_distance", "near_copy"):
            facts[column] = manifest[column]
    known = {*facts.columns, "class_name", "nearest_train"}
    return facts.join(manifest[[name for name in manifest.columns if name not in known]])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _taken(values: pd.Series, rows: pd.Series) -> pd.Series:
    """Take values by row; where no row is told, or one that there is not, there is none."""
    fit = rows.notna() & (rows.fillna(-1) >= 0) & (rows.fillna(-1) < len(values))
    taken = values.reset_index(drop=True).reindex(rows.where(fit, -1).astype("int64")).reset_index(drop=True)
    return taken.where(fit.to_numpy(dtype=bool))


def _scored(project: Project, dataset: str, synthesizer: str | None, images: ImageSet) -> ImageSet:
    """Put beside drawn images what was found of each, where they could be assessed."""
    stage = f"assess_{project.family(str(synthesizer))}"
    path = project.place(stage, "scores", dataset=dataset, synthesizer=str(synthesizer))
    scores = read_parquet(path) if path.exists() else pd.DataFrame()
    return attach_scores(images, scores) if len(scores) == len(images) else images


def _synthesizer_of(project: Project, dataset: str, made_by: dict[str, Any]) -> str | None:
    """Name the synthesizer whose images are in a set that was merged, or that is the product of one."""
    train_set = made_by.get("train_set")
    if train_set is not None and train_set != REAL:
        stage, option, names = project.parts()[train_set]
        made_by = read_json(project.made(stage, option, dataset=dataset, **names) / META)["made_by"]
    spec = made_by.get("spec")
    return spec.get("synthesizer") if isinstance(spec, dict) else None


def _train_hashes(project: Project, dataset: str) -> pd.Series:
    """Content hash of each real training image; none where those are not here, as they need not be for a release."""
    path = project.place("prepare", "train", dataset=dataset)
    if not path.exists() or (path / LEFT_OUT).exists():
        return pd.Series([], dtype="str")
    try:
        return read_parquet(path / "manifest.parquet")["content_hash"]
    except KeyError as error:
        raise ContainerError(f"{path}: expected a column content_hash, found none") from error
