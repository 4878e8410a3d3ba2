"""A workspace has at most one run, which takes slots of the machine, and mends what a crash left in pieces."""

import fcntl
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO

import psutil
import yaml

from pipelines import private
from pipelines.commands import PipelineError, git

AT_WORK_IN = "PIPELINE_AT_WORK_IN"  # where DVC and its stages are at work, in their environment
_POLL_S = 0.25
_CONFLICT = b"<<<<<<<"  # git's mark of a merge that its user has to end


class BusyError(PipelineError):
    """Another run is at work in the workspace; the message says which."""


def run_folder(root: Path) -> Path:
    """Where the flow keeps its own files: inside DVC's temporary folder, so out of git's and DVC's sight."""
    folder = root / ".dvc" / "tmp" / "flow"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def claim(root: Path, run: str, go_on_waiting: Callable[[], bool] = lambda: False) -> Iterator[int]:
    """Hold the workspace; yield the descriptor of its lock, for stages to hold it as long as they live.

    `run` is the name under which another run is told about this one. `go_on_waiting` is asked again and again while
    another run is at work. Stages of a run that died hold the lock until their guards have stopped them; they are
    always waited for. A concurrency limit of Prefect's would know the runs of one deployment on one server alone.

    Raises:
        BusyError: Another run is at work, and `go_on_waiting` said no.
    """
    with (run_folder(root) / "lock").open("a+", encoding="utf-8") as file:
        while not _lock(file):
            file.seek(0)
            with suppress(json.JSONDecodeError):  # it is just writing its name
                holder = json.load(file)
                if psutil.pid_exists(holder["pid"]) and not go_on_waiting():
                    raise BusyError(
                        f"run {holder['run']} (process {holder['pid']}) is at work in {root} since {holder['since']}; "
                        "two runs of one workspace would undo each other's work"
                    )
            time.sleep(_POLL_S)
        file.truncate(0)
        json.dump({"run": run, "pid": os.getpid(), "since": time.strftime("%F %T")}, file)
        file.flush()
        yield file.fileno()


@contextmanager
def slots(wanted: Mapping[str, int], limits: Mapping[str, int], on_wait: Callable[[], None]) -> Iterator[list[int]]:
    """Wait for slots of scarce resources (a GPU, say), shared by all flows of one user on one machine, and hold them.

    A slot is a lock as well, whose descriptor is yielded, so a crash frees it at once. A limit of Prefect's belongs to
    one server, while projects have one each, and a run that was killed keeps it for minutes. All are taken at once or
    none, so that two stages that want two each cannot wait for each other. What `on_wait` raises ends the waiting.

    Raises:
        ValueError: More is wanted than there is.
    """
    needed = {resource: count for resource, count in wanted.items() if resource in limits}
    for resource, count in needed.items():
        if count > limits[resource]:
            raise ValueError(f"{count} slots of {resource} are wanted; flow.slots.{resource} is {limits[resource]}")
    while True:
        with ExitStack() as stack:
            taken: list[int] = []
            for resource, count in needed.items():
                files = (slot_folder() / f"{resource}-{number}.lock" for number in range(limits[resource]))
                free = (
                    file.fileno() for file in (stack.enter_context(each.open("a")) for each in files) if _lock(file)
                )
                taken += islice(free, count)
            if len(taken) == sum(needed.values()):
                yield taken
                return
        on_wait()
        time.sleep(_POLL_S)


def slot_folder() -> Path:
    """Where the locks of slots are: one folder for each user of the machine."""
    path = Path(tempfile.gettempdir()) / f"pipelines-slots-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _lock(file: IO[str]) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def mend(root: Path) -> list[str]:
    """Mend what a crash left, and say what, in words. Only for who holds the workspace."""
    places, ended, patience = (
        re.compile(rf"{re.escape(str(root))}(/\.dvc/tmp/flow/.*)?"),
        set[int](),
        time.monotonic() + 10,
    )
    while time.monotonic() < patience and (left := list(_at_work(places))):  # and what they started meanwhile
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        ended |= {process.pid for process in left}
    told = f"{len(ended)} processes of a run that was killed were still at work: ended them" if ended else ""
    return list(filter(None, (told, mend_readers(root), mend_lock(root))))


def _at_work(places: re.Pattern[str]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if places.fullmatch(process.environ().get(AT_WORK_IN, "")) and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def mend_readers(root: Path) -> str:
    """Take away DVC's table of readers and writers if a crash left it so that DVC would stop; say so.

    DVC itself forgets dead processes, but refuses every command when the table is cut short, and waits for a process
    that was given the number of a dead one.
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
        content = file.read_bytes() if file.exists() else b""
        if _is_whole(content) or _CONFLICT in content:
            return ""
        temporary = file.with_name("dvc.lock.new")
        temporary.write_text(git(root, "show", "HEAD:./dvc.lock", otherwise="") or "schema: '2.0'\nstages: {}\n")
        temporary.replace(file)
    return "dvc.lock was cut short: put back the last commit's; what was made since comes from DVC's cache"


def _is_whole(lockfile: bytes) -> bool:
    """Tell whether DVC can work with it: each entry has all its values, each dependency and output its checksum."""
    try:
        entries = yaml.load(lockfile, yaml.CSafeLoader)["stages"].values() if lockfile else ()
        files = [file for entry in entries for key in ("deps", "outs") for file in entry.get(key, ())]
        hashed = all(private.CHECKSUMS & file.keys() for file in files)
        return hashed and not any(None in part.values() for part in (*entries, *files))
    except (UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError, AttributeError):
        return False
