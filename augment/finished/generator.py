"""A trained synthesizer that draws more images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augment.core.errors import SettingsError
from augment.core.images import UInt8Array
from augment.core.seeding import derive_seed
from augment.finished.machines import computing
from augment.finished.project import Project, require_one_of
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.files import read_synthesizer
from augment.synthesis.base.sampling import sample
from augment.synthesis.base.synthesizer import Synthesizer


@dataclass(frozen=True)
class TrainedGenerator:
    """A trained synthesizer.

    Attributes:
        dataset: Whose images it learned from.
        name: As in ``params.yaml``.
        classes: Class names.
        network: In evaluation mode.
        runtime: Where it computes.
    """

    dataset: str
    name: str
    classes: tuple[str, ...]
    network: Synthesizer
    runtime: RuntimeSpec

    def seed(self, class_name: str, seed: int) -> int:
        """Give the seed of the stream that a user's seed stands for: of no stage's, and of each class its own."""
        return derive_seed(seed, "sample", self.dataset, self.name, class_name)

    def sample(self, class_name: str, count: int, seed: int) -> UInt8Array:
        """Draw images of a class.

        Args:
            class_name: One of ``classes``.
            count: How many; of the same seed, fewer are the first of more.
            seed: The same seed gives the same images, another one others. None gives those of the run.

        Returns:
            uint8, count×C×H×W.

        Raises:
            SettingsError: There is no such class, or the count or seed is none.
        """
        require_one_of("class", class_name, list(self.classes))
        if count < 1 or seed < 0:
            raise SettingsError(f"expected a count of at least 1 and a seed of at least 0, found {count} and {seed}")
        labels = np.full(count, self.classes.index(class_name), dtype=np.int64)
        rng = torch_generator(self.seed(class_name, seed))
        with computing(self.runtime) as where:
            return sample(self.network.to(where.device), labels, rng, where)


def read_generator(project: Project, dataset: str, synthesizer: str | None = None) -> TrainedGenerator:
    """Read a trained synthesizer.

    Args:
        project: Where it was trained.
        dataset: On whose images.
        synthesizer: Its name; by default the first one of the settings.

    Raises:
        SettingsError: There is no such dataset or synthesizer.
        ContainerError: It is not there, or broken.
        LeftOutError: It could not be trained.
    """
    name = synthesizer or project.settings.synthesizer_names()[0]
    network, classes = read_synthesizer(generator_path(project, dataset, name))
    return TrainedGenerator(dataset, name, classes, network, project.settings.runtime)


def generator_path(project: Project, dataset: str, synthesizer: str) -> Path:
    """Say where a trained synthesizer is; see `read_generator` for what it raises."""
    project.require_dataset(dataset)
    stage = f"train_{project.family(synthesizer)}"
    return project.made(stage, "trained", dataset=dataset, synthesizer=synthesizer)
