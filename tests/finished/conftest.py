"""A finished run, shared by all tests of a module."""

from pathlib import Path

import pytest

from tests.finished.examples import finished_run


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a project whose dataset ``toys`` has been run."""
    return finished_run(tmp_path_factory.mktemp("project"))
