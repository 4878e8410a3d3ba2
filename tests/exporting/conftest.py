"""A finished run, shared by all tests of a module."""

import pytest

from augment.finished.project import Project, open_project
from tests.finished.examples import finished_run


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose dataset ``toys`` has been run."""
    return open_project(finished_run(tmp_path_factory.mktemp("project")))
