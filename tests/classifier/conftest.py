"""What tests of classifiers share."""

import pytest

from augment.classifier.memory import MEMORY


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    MEMORY.forget()
