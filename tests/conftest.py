"""Small image sets and a machine, shared by the tests of every layer."""

import os
from collections.abc import Iterator

# Before NumPy, which reads it once: on a busy machine a second thread of its matrix products waits by spinning, and the
# tests took up to twelve times the CPU time. Processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nor do they fork: pytest's processes have threads, and there are as many of them as cores.
os.environ["LOKY_MAX_CPU_COUNT"] = "1"

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from augment.core.images import ImageSet, UInt8Array, make_image_set
from augment.runtime.machine import Machine, machine
from augment.runtime.runtime_spec import RuntimeSpec

# The machine is shared: a slow example says nothing about the code.
settings.register_profile("project", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take minutes begin first: begun last, one would keep a worker busy while the other waits."""
    items.sort(key=lambda item: (item.get_closest_marker("end_to_end") is None, "pipelines" not in item.path.parts))


def striped_images(
    count: int, classes: int, shape: tuple[int, int, int], seed: int = 0
) -> tuple[UInt8Array, list[int]]:
    """Make images whose class is plain to see: a bright row at a height of the class's own, and some noise."""
    channels, height, width = shape
    rng = np.random.default_rng(seed)
    labels = [k % classes for k in range(count)]
    images = rng.integers(0, 40, size=(count, channels, height, width), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, label * height // classes] = rng.integers(200, 255)
    return images, labels


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Safetensors of EfficientNet-Lite0, trained on ImageNet by others, of a package: no test needs a network."""
    from benchmarks.offline_weights import convert  # timm takes a second that other tests need not wait for

    return convert(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def stripes() -> ImageSet:
    """Sixty grey 8×8 images of three classes that anything can learn."""
    images, labels = striped_images(60, 3, (1, 8, 8))
    return make_image_set(images, labels, ["low", "middle", "high"])


@pytest.fixture
def cpu() -> Iterator[Machine]:
    """One thread of the processor in full precision."""
    with machine(RuntimeSpec(device="cpu", precision="fp32")) as where:
        yield where
