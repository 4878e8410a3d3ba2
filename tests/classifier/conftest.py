"""Weights that others trained, as a file: those of a package, so that no test needs a network."""

from pathlib import Path

import pytest

from augment.classifier.memory import MEMORY
from benchmarks.offline_weights import convert


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Safetensors of EfficientNet-Lite0, trained on ImageNet."""
    return convert(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    MEMORY.forget()
