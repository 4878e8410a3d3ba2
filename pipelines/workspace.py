"""At most one run in a workspace, and a workspace that a crash left in pieces mended before the next run."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil
import yaml

OF_WORKSPACE = "PIPELINE_STAGE_OF"
"""Variable that DVC and its stages have in their environment: the workspace that they are at work in."""

_LOCK_FILE, _JOURNAL_FILE = "lock", "dvc.lock"
_POLL_S = 0.25
_PATIENCE_S = 10.0  # with the kernel, that it ends a process it was told to kill
_CHECKSUMS = {"md5", "etag", "checksum"}  # under which of these keys DVC keeps one depends on where the file is
_NOT_NOW = "dvc.lock could not be copied or mended: {error}; the next run will do it"
_EMPTY_LOCK = b"schema: '2.0'\nstages: {}\n"


class BusyError(RuntimeError):
    """Another run is at work in the workspace; the message says which."""


def scratch(root: Path) -> Path:
    """Where the flow keeps its own files: inside DVC's temporary folder, so out of git's and DVC's sight."""
    folder = root / ".dvc" / "tmp" / "flow"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def claim(root: Path, run: str, go_on_waiting: Callable[[], bool] = lambda: False) -> Iterator[int]:
    """Hold the workspace; yield the descriptor of its lock, for stages to hold it as long as they live.

    Stages of a run that died hold the lock until their guards have stopped them. They are always waited for.

    Args:
        root: The workspace.
        run: The name under which another run is told about this one.
        go_on_waiting: Asked again and again while another run is at work.

    Raises:
        BusyError: Another run is at work, and `go_on_waiting` said no.
    """
    with (scratch(root) / _LOCK_FILE).open("a+", encoding="utf-8") as file:
        while not _try_lock(file):
            holder = _holder(file)
            if psutil.pid_exists(holder.get("pid", -1)) and not go_on_waiting():
                raise BusyError(
                    f"run {holder.get('run')} (process {holder.get('pid')}) is at work in {root} "
                    f"since {holder.get('since')}; two runs of one workspace would undo each other's work"
                )
            time.sleep(_POLL_S)
        file.truncate(0)
        file.write(json.dumps({"run": run, "pid": os.getpid(), "since": time.strftime("%F %T")}))
        file.flush()
        yield file.fileno()


def end_leftovers(root: Path) -> str | None:
    """Kill what is left of a run that was killed, guards and all; say how many processes, if any.

    Only for who holds the workspace: nobody's stage may be at work then.
    """
    ended = 0
    while left := list(_at_work(root)):  # again, for what they started before they were killed
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        _, alive = psutil.wait_procs(left, timeout=_PATIENCE_S)
        ended += len(left) - len(alive)
        if alive:  # in a system call that does not end, such as one to a disk that is gone
            break
    return f"{ended} processes of a run that was killed were still at work: ended them" if ended else None


def _at_work(root: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if process.environ().get(OF_WORKSPACE) == str(root):
                yield process


def _try_lock(file: IO[str]) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _holder(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    with suppress(json.JSONDecodeError):
        return dict(json.load(file))
    return {}  # it is just writing its name


class Journal:
    """A copy of dvc.lock that survives DVC being killed while it rewrites the file in place.

    Opened at the start of a run, brought up to date after each stage, and closed at the end; one that is
    found at the start of a run is a crashed run's. Putting an entry back is always safe: DVC compares each
    entry with what is on the disk, so an entry out of date makes a stage run and never keeps it from running.
    """

    def __init__(self, root: Path) -> None:
        self._lockfile = root / "dvc.lock"
        self._dvc_mutex = root / ".dvc" / "tmp" / "lock"
        self._copy = scratch(root) / _JOURNAL_FILE

    def open(self) -> str | None:
        """Begin a run: mend what a crashed one left, then copy; say what was mended, if anything.

        Raises:
            OSError: There is no room for the copy, without which no run may begin.
        """
        if not self._copy.exists():
            _replace(self._copy, self._lockfile.read_bytes() if self._lockfile.exists() else _EMPTY_LOCK)
            return None
        return self._mend_and_copy()

    def update(self) -> str | None:
        """Mend dvc.lock if it was left in pieces, then copy it; say what was mended or could not be, if anything."""
        try:
            return self._mend_and_copy()
        except OSError as error:  # the older copy still does: what it lacks will run or be restored again
            return _NOT_NOW.format(error=error)

    def close(self) -> str | None:
        """End a run: update, and forget the copy. From here on a shorter dvc.lock is somebody's will."""
        try:
            mended = self._mend_and_copy()
        except OSError as error:
            return _NOT_NOW.format(error=error)
        self._copy.unlink(missing_ok=True)
        return mended

    def _mend_and_copy(self) -> str | None:
        with self._dvc_mutex.open("a") as mutex:
            # DVC holds it while it reads and writes its files, not while a stage's command runs.
            fcntl.flock(mutex, fcntl.LOCK_EX)
            mended = self._mend()
            if self._lockfile.exists():
                _replace(self._copy, self._lockfile.read_bytes())
        return mended

    def _mend(self) -> str | None:
        before, now = _stages(self._copy) or {}, _stages(self._lockfile)
        if now is None:
            if not self._lockfile.exists() and not before:
                return None
            _replace(self._lockfile, self._copy.read_bytes())
            return f"dvc.lock was broken or gone: put back {len(before)} stages"
        # A file that lost its end lost its last stages. Of the last one left it may hold a part: as long as
        # DVC can read that, it finds the stage changed; what DVC could not read lacks a value or a checksum.
        intact = {name: entry for name, entry in now.items() if not (_lacks_values(entry) or _lacks_checksums(entry))}
        merged = before | intact
        if merged == now:
            return None
        text = yaml.safe_dump({"schema": "2.0", "stages": merged}, sort_keys=False)
        _replace(self._lockfile, text.encode())
        return f"dvc.lock was cut short: put back {len(merged.keys() - intact.keys())} stages"


def _lacks_values(entry: object) -> bool:
    if isinstance(entry, dict):
        return any(_lacks_values(value) for key, value in entry.items() if key != "params")
    if isinstance(entry, list):
        return any(map(_lacks_values, entry))
    return entry is None


def _lacks_checksums(entry: object) -> bool:
    """Tell whether a dependency or output has lost its checksum: DVC's status then fails for all stages."""
    if not isinstance(entry, dict):
        return True
    files = [*entry.get("deps", ()), *entry.get("outs", ())]
    return not all(isinstance(file, dict) and _CHECKSUMS & file.keys() for file in files)


def heal_rwlock(root: Path) -> str | None:
    """Make DVC's table of readers and writers usable after a crash; say what was done, if anything.

    DVC refuses every command when the table is cut short, and waits for a dead process whose number was given
    to another one. Entries stay only of processes that are alive and run DVC.
    """
    table = root / ".dvc" / "tmp" / "rwlock"
    if not table.exists():
        return None
    with (table.parent / "rwlock.lock").open("a") as mutex:
        fcntl.flock(mutex, fcntl.LOCK_EX)
        try:
            content = json.loads(table.read_text(encoding="utf-8"))
            writers = {path: info for path, info in content.get("write", {}).items() if _runs_dvc(info["pid"])}
            readers = {
                path: alive
                for path, infos in content.get("read", {}).items()
                if (alive := [info for info in infos if _runs_dvc(info["pid"])])
            }
        except (ValueError, AttributeError, KeyError, TypeError):
            _replace(table, b"{}")
            return "the table .dvc/tmp/rwlock was broken: emptied it"
        pruned = {"write": writers, "read": readers}
        if pruned == {"write": {}, "read": {}} | content:
            return None
        _replace(table, json.dumps(pruned).encode())
        return "the table .dvc/tmp/rwlock named dead processes: removed them"


def _runs_dvc(pid: int) -> bool:
    with suppress(psutil.Error):
        return any("dvc" in word for word in psutil.Process(pid).cmdline())
    return False


def _stages(lockfile: Path) -> dict[str, Any] | None:
    """Read the stages of a dvc.lock; None if there is none, or it is broken."""
    try:
        content = yaml.load(lockfile.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (FileNotFoundError, UnicodeDecodeError, yaml.YAMLError):
        return None
    stages = content.get("stages") if isinstance(content, dict) else None
    return stages if isinstance(stages, dict) else None


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_bytes(content)
    temporary.replace(path)
