"""What a program of yours does with a finished run: its images, its generators, its classifiers.

>>> from augment.api import load_classifier, load_dataset, load_generator
>>> images = load_dataset("digits")                                    # a torch Dataset, memory-mapped
>>> more = load_generator("digits").sample("3", count=100, seed=1)     # uint8, 100×1×8×8
>>> probabilities = load_classifier("digits").predict(more)            # float32, 100×10

Each raises an `augment.core.errors.AugmentError` that says what is wrong and what to do.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from augment.core.images import ImageSet
from augment.finished.classifier import Ensemble, read_ensemble
from augment.finished.generator import TrainedGenerator, read_generator
from augment.finished.images import Part, read_part
from augment.finished.project import PRODUCT, open_project

__all__ = ["Images", "load_classifier", "load_dataset", "load_generator"]


class Images(Dataset[tuple[Any, int]]):
    """An image set as torch's loaders take it; its pixels stay on disk until they are asked for.

    Args:
        project: Folder of the project.
        dataset: Name of the dataset.
        what: Which of its image sets.
        transform: What to do to an image, a uint8 tensor C×H×W; nothing by default.

    Attributes:
        part: The image set; ``part.facts`` is a table of where each image comes from.
        classes: Class names; labels are indices into them.
    """

    def __init__(self, project: Path, dataset: str, what: str, transform: Callable[[Tensor], Any] | None) -> None:
        self._source = project.resolve(), dataset, what
        self.transform = transform
        self.part = self._read()

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return self.image_set.classes

    @property
    def image_set(self) -> ImageSet:
        """All images, memory-mapped, and their manifest."""
        return self.part.images

    def __len__(self) -> int:
        return len(self.image_set)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        """Give an image, uint8 C×H×W or what ``transform`` makes of it, and its label."""
        image = torch.from_numpy(self.image_set.images[row].copy())
        return image if self.transform is None else self.transform(image), self.part.labels[row]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the images out: a worker process opens them itself."""
        return {"source": self._source, "transform": self.transform}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._source, self.transform = state["source"], state["transform"]
        self.part = self._read()

    def _read(self) -> Part:
        project, dataset, what = self._source
        return read_part(open_project(project), dataset, what)


def load_dataset(
    dataset: str,
    what: str = PRODUCT,
    *,
    transform: Callable[[Tensor], Any] | None = None,
    root: str | Path = ".",
) -> Images:
    """Open an image set of a finished run.

    Args:
        dataset: As in ``params.yaml``.
        what: ``product``, ``real``, ``val``, ``test``, a mix, or a synthesizer for all that it drew.
        transform: See `Images`.
        root: Folder of the project.

    Raises:
        SettingsError: There is no such dataset or image set.
        ContainerError: It is not there yet, or broken.
        LeftOutError: It could not be made.
    """
    return Images(Path(root), dataset, what, transform)


def load_generator(dataset: str, synthesizer: str | None = None, *, root: str | Path = ".") -> TrainedGenerator:
    """Open a trained generator; see `read_generator`."""
    return read_generator(open_project(Path(root)), dataset, synthesizer)


def load_classifier(
    dataset: str, arm: str | None = None, run: int | None = None, *, root: str | Path = "."
) -> Ensemble:
    """Open the trained classifiers of an arm, all of them or one; see `read_ensemble`."""
    return read_ensemble(open_project(Path(root)), dataset, arm, run)
