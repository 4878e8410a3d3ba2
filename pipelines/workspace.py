"""A workspace has at most one run, which mends what a crash left in pieces."""

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil
import yaml

from pipelines import private
from pipelines.commands import PipelineError, git

AT_WORK_IN = "PIPELINE_AT_WORK_IN"  # where DVC and its stages are at work, in their environment
_POLL_S = 0.25


class BusyError(PipelineError):
    """Another run is at work in the workspace; the message says which."""


def run_folder(root: Path) -> Path:
    """Where the flow keeps its own files: inside DVC's temporary folder, so out of git's and DVC's sight."""
    folder = root / ".dvc" / "tmp" / "flow"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def claim(root: Path, run: str) -> Iterator[int]:
    """Hold the workspace; yield the descriptor of its lock, for stages to hold it as long as they live.

    A second run raises BusyError, which tells the name of the first, `run`. Only stages of a run that died are waited
    for, until their guards have stopped them. A concurrency limit of Prefect's would know the runs of one deployment on
    one server alone.
    """
    with (run_folder(root) / "lock").open("a+", encoding="utf-8") as file:
        while not _lock(file):
            file.seek(0)
            with suppress(json.JSONDecodeError):  # it is just writing its name
                name, pid, since = json.load(file)
                if psutil.pid_exists(pid):
                    told = f"run {name} (process {pid}) is at work in {root} since {since}"
                    raise BusyError(f"{told}; two runs of one workspace would undo each other's work")
            time.sleep(_POLL_S)
        file.truncate(0)
        json.dump((run, os.getpid(), time.strftime("%F %T")), file)
        file.flush()
        yield file.fileno()


def _lock(file: IO[str]) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def mend(root: Path) -> list[str]:
    """Mend what a crash left, and say what, in words. Only for who holds the workspace."""
    ended = {pid for _ in range(2) for pid in _end_leftovers(root)}  # again, for what they started meanwhile
    told = f"{len(ended)} processes of a run that was killed were still at work: ended them" if ended else ""
    return list(filter(None, (told, mend_readers(root), mend_lock(root))))


def _end_leftovers(root: Path) -> Iterator[int]:
    places = re.compile(rf"{re.escape(str(root))}(/\.dvc/tmp/flow/.*)?")
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if places.fullmatch(process.environ().get(AT_WORK_IN, "")) and process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
                yield process.pid


def mend_readers(root: Path) -> str:
    """Take away DVC's table of readers and writers if a crash left it so that DVC would stop; say so.

    DVC itself forgets dead processes, but not those whose number another one was given, nor can it read half a table.
    """
    table = root / private.READERS
    with private.excluded(root / private.READERS_LOCK):
        text = table.read_text(encoding="utf-8", errors="replace") if table.exists() else "{}"
        with suppress(ValueError, AttributeError):
            if not any(json.loads(text).values()) or any(map(_runs_dvc, re.findall(r'"pid": (\d+)', text))):
                return ""
        table.unlink()
    return "DVC's table of readers .dvc/tmp/rwlock was broken, or named dead processes: removed it"


def _runs_dvc(pid: str) -> bool:
    with suppress(psutil.Error):
        return "dvc" in {Path(word).name for word in psutil.Process(int(pid)).cmdline()}
    return False


def mend_lock(root: Path) -> str:
    """Put back the last commit's dvc.lock where it was cut short, as DVC leaves it when it is killed; say so.

    This is always safe, and costs no work: DVC compares each entry with what is on the disk, and takes the outputs of
    a stage that ran since from its cache.
    """
    file = root / "dvc.lock"
    with private.excluded(root / private.LOCK):
        if not file.exists():  # as before the first run
            return ""
        content = file.read_bytes()
        if _is_whole(content) or b"<<<<<<<" in content:  # git's mark of a merge that its user has to end
            return ""
        temporary = file.with_name("dvc.lock.new")
        temporary.write_text(git(root, "show", "HEAD:./dvc.lock", otherwise="") or "schema: '2.0'\nstages: {}\n")
        temporary.replace(file)
    return "dvc.lock was cut short: put back the last commit's; what was made since comes from DVC's cache"


def _is_whole(lockfile: bytes) -> bool:
    """Tell whether DVC can work with it: each entry has all its values, each dependency and output its checksum.

    It cannot with an empty one, which is what DVC leaves when it is killed before it has written a word.
    """
    try:
        lock = yaml.load(lockfile, yaml.CSafeLoader)
        entries = lock["schema"] and lock["stages"].values()
        files = [file for entry in entries for key in ("deps", "outs") for file in entry.get(key, ())]
        hashed = all(private.CHECKSUMS & file.keys() for file in files)
        return hashed and not any(None in part.values() for part in (*entries, *files))
    except (UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError, AttributeError):
        return False
