"""The trained classifiers of an arm, asked together, with probabilities that can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from augment.classifier.files import read_classifiers
from augment.classifier.networks import Backbone
from augment.classifier.prediction import predict_probabilities
from augment.core.calibration import at_temperature, fit_temperature
from augment.core.container import read_image_set
from augment.core.errors import ContainerError, DataError, SettingsError
from augment.core.images import GREY, Float32Array, FloatArray, ImageSet, UInt8Array
from augment.core.records import read_record
from augment.core.text import listed
from augment.datasets.decoding import Look, decode
from augment.datasets.pictures import PictureSource
from augment.finished.machines import computing
from augment.finished.project import Project, require_one_of
from augment.results.record import Result
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.weights import read_config


@dataclass(frozen=True)
class Ensemble:
    """Classifiers of one arm.

    Attributes:
        dataset: Whose classes they know.
        arm: Which one, e.g. ``merged/plain``.
        networks: In evaluation mode, at least one.
        classes: Class names.
        shape: Channels, height and width of the images.
        look: What files of images are made to look like.
        val: By whose images the probabilities are calibrated.
        runtime: Where they compute.
    """

    dataset: str
    arm: str
    networks: tuple[Backbone, ...]
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    look: Look
    val: ImageSet
    runtime: RuntimeSpec

    def predict(self, images: UInt8Array) -> Float32Array:
        """Give calibrated class probabilities.

        The mean over all classifiers is taken before it is calibrated (Rahaman and Thiery, "Uncertainty quantification
        and deep ensembles", NeurIPS 2021, arXiv 2007.08792).

        Args:
            images: uint8, N×C×H×W.

        Returns:
            float32, N×K; each row sums to 1.

        Raises:
            DataError: The images are of another shape or type.
        """
        return at_temperature(self.mean(images), self.temperature).astype(np.float32)

    def mean(self, images: UInt8Array) -> FloatArray:
        """Give the mean of the classifiers' own probabilities, N×K; see `predict`."""
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != self.shape:
            wanted = "×".join(["N", *map(str, self.shape)])
            raise DataError(f"expected uint8 images {wanted}, found {images.dtype} {images.shape}")
        if not len(images):
            return np.zeros((0, len(self.classes)))
        with computing(self.runtime) as where:
            said = [predict_probabilities(each.to(where.device), images, where) for each in self.networks]
        mean: FloatArray = np.stack(said).mean(axis=0, dtype=np.float64)
        return mean

    @cached_property
    def temperature(self) -> float:
        """By how much the classifiers are too sure (above 1) or not sure enough, found on val."""
        return fit_temperature(self.mean(self.val.images), self.val.labels)

    def read(self, paths: Sequence[Path]) -> UInt8Array:
        """Read image files as the run read its own; upright, on white, cropped at the centre where it read none.

        Returns:
            uint8, N×C×H×W.

        Raises:
            DataError: Some cannot be used; the message names them all.
        """
        images, bad = np.zeros((len(paths), *self.shape), dtype=np.uint8), []
        for row, path in enumerate(paths):
            try:
                images[row] = decode(path, self.look).pixels
            except DataError as error:
                bad.append(f"{path}: {error}")
        if bad:
            raise DataError(f"{len(bad)} of {len(paths)} files cannot be used:\n  " + listed(bad, "\n  "))
        return images


def read_ensemble(project: Project, dataset: str, arm: str | None = None, run: int | None = None) -> Ensemble:
    """Read the trained classifiers of an arm.

    Args:
        project: Where they were trained.
        dataset: On whose images.
        arm: ``TRAIN_SET/RECIPE``; by default the one that the verdict recommends.
        run: Which one of them alone, from 0; all by default.

    Raises:
        SettingsError: There is no such dataset, arm or run, or the verdict recommends none.
        ContainerError: Something is not there, or broken.
        LeftOutError: The arm could not be trained.
    """
    project.require_dataset(dataset)
    name = arm or recommended(project, dataset)
    arms = project.settings.arms
    require_one_of("arm", name, [f"{train_set}/{recipe}" for train_set in arms.train_sets for recipe in arms.recipes])
    train_set, _, recipe = name.partition("/")
    path = project.made("train_classifier", "classifier", dataset=dataset, train_set=train_set, recipe=recipe)
    val = read_image_set(project.made("prepare", "val", dataset=dataset))
    shape = _shape(path)
    made_by = {"dataset": dataset, "train_set": train_set, "recipe": recipe}
    networks = [each.network for each in read_classifiers(path, val.classes, shape, made_by)]
    if run is not None:
        require_one_of("run", str(run), [str(each) for each in range(len(networks))])
        networks = [networks[run]]
    source = project.settings.datasets[dataset].source
    look = source.look if isinstance(source, PictureSource) else _look(shape)
    return Ensemble(dataset, name, tuple(networks), val.classes, shape, look, val, project.settings.runtime)


def recommended(project: Project, dataset: str) -> str:
    """Name the arm that the verdict recommends.

    Raises:
        SettingsError: It recommends none.
        ContainerError: There is no verdict yet.
    """
    found = read_record(Result, project.made("compare", "result", dataset=dataset))
    if not found.judged:
        raise SettingsError(f"{dataset}: the verdict recommends no arm, as none could be judged; choose one by --arm")
    return found.use.name


def _look(shape: tuple[int, int, int]) -> Look:
    channels, height, width = shape
    return Look(height, width, "grey" if channels == GREY else "rgb")


def _shape(path: Path) -> tuple[int, int, int]:
    shape = read_config(path).get("shape")
    if not isinstance(shape, list) or len(shape) != 3:
        raise ContainerError(f"{path}: expected the shape of its images, found {shape!r}")
    channels, height, width = shape
    return channels, height, width
