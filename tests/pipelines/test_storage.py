"""A remote that is not there, or that this machine cannot use, is told with the remedy."""

import sys

import pytest

from pipelines import storage
from pipelines.commands import PipelineError

from .conftest import Workspace


def remote(workspace: Workspace, url: str) -> None:
    (workspace.root / ".dvc" / "config").write_text(
        f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {url}\n"
    )


def test_a_remote_that_this_machine_can_use_is_fine(workspace: Workspace) -> None:
    for url in "/mnt/share/dvc", "s3://bucket/dvc", "gs://bucket/dvc":
        remote(workspace, url)
        storage.require(workspace.root)


@pytest.mark.parametrize(("scheme", "url"), [("s3", "s3://bucket/dvc"), ("ssh", "ssh://me:secret@host/dvc")])
def test_an_extra_that_is_missing_is_named(
    workspace: Workspace, scheme: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"dvc_{scheme}", None)
    remote(workspace, url)
    with pytest.raises(PipelineError) as caught:
        storage.require(workspace.root)
    message = str(caught.value)
    assert message.startswith(f"DVC's default remote storage is at {scheme}://, for which ")
    assert message.endswith(f" lacks dvc-{scheme}, of the extra {scheme}: pip install '.[{scheme}]' there")
    assert "secret" not in message


def test_a_remote_that_is_not_there_is_told(workspace: Workspace) -> None:
    with pytest.raises(PipelineError, match=r"cache: remote, but DVC has no default remote; docs/remotes\.md tells"):
        storage.require(workspace.root)
