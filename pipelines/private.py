"""Every name of DVC and Prefect used here that their documents do not promise; tests/pipelines/test_private.py."""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# DVC's words about the one stage it was asked for; it has no other way to say what it did.
RAN, RESTORED = ("Running stage ", "Verifying data sources "), "is cached - skipping run"
ADVICE = re.compile(r"(To track the changes with git|\tgit add |To enable auto staging|\tdvc config |Use `dvc push`)")

CHECKSUMS = frozenset({"md5", "etag", "checksum", "files"})  # keys of a file's hash in dvc.lock; where it is decides
READERS = Path(".dvc/tmp/rwlock")  # which process reads and writes what: JSON, with a "pid" in each entry
LOCK, READERS_LOCK = Path(".dvc/tmp/lock"), Path(".dvc/tmp/rwlock.lock")  # held to change dvc.lock, and READERS
QUEUED = "refs/exps/celery/stash"  # the workspace with its settings changed, after `dvc exp run --queue`
NOT_PUSHED = "ERROR: failed to transfer"  # what it says of an entry of the run-cache, and then succeeds


NO_SHELL = {"SHELL": "false"}  # with which DVC, which has it run a stage's command, can restore a stage, but run none


@contextmanager
def excluded(lock: Path) -> Iterator[None]:
    """Hold one of DVC's own locks."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
