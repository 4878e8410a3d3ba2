"""DVC's default remote, where `flow.workers.cache: remote` has data go: is there one, and what it needs?"""

import socket
from importlib.util import find_spec
from pathlib import Path

from pipelines.commands import PipelineError, dvc
from pipelines.settings import PARAMS_FILE

EXTRAS = {"ssh": "dvc_ssh", "s3": "dvc_s3"}  # of pyproject.toml, by the scheme that each is for: the module it has


def require(root: Path) -> None:
    """Raise PipelineError for a remote that is not there, or whose extra is not installed on this machine."""
    known = dict(line.split("=", 1) for line in dvc(root, "config", "--list").splitlines() if "=" in line)
    if not (name := known.get("core.remote")):
        told = f"{PARAMS_FILE}: flow.workers.cache: remote, but DVC has no default remote"
        raise PipelineError(f"{told}; docs/remotes.md tells how to add one")
    scheme = known.get(f"remote.{name}.url", "").partition("://")[0]
    if scheme in EXTRAS and find_spec(EXTRAS[scheme]) is None:
        told = f"DVC's default remote {name} is at {scheme}://, for which {socket.gethostname()} lacks dvc-{scheme}"
        raise PipelineError(f"{told}, of the extra {scheme}: pip install '.[{scheme}]' there")
