"""DVC in a fifth of the time: a process that has it loaded, and forks one for each stage, under a guard.

To load DVC takes half a second of CPU, to bring a stage up to date with it a tenth of one.

Run as `python -m pipelines.warm_dvc WORKSPACE`, with one end of a socket pair as standard input, over which
`WarmDvc` asks and hands over descriptors. It ends when the other end is closed and its last guard has ended.
"""

import contextlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from pipelines import guard

_MOST_BYTES, _MOST_DESCRIPTORS = 65536, 250
_PATIENCE_S = 60.0  # with a request, above all the first, which finds DVC still being loaded
_STDIN, _STDOUT, _STDERR = 0, 1, 2


class Guarded:
    """One DVC command under its guard.

    Attributes:
        output: What DVC and the stage print; it ends with the guard.
        pid: The guard's, which leads a session that all its descendants are in.
    """

    pid: int

    def __init__(self, output: IO[str], leash: socket.socket) -> None:
        self.output, self._leash = output, leash

    def close(self) -> None:
        """Let go of everything, and so stop the command if it still runs."""
        self._leash.close()
        self.output.close()

    def stop(self) -> None:
        """Let go of the leash, so that the guard stops the command."""
        with contextlib.suppress(OSError):  # it has ended already
            self._leash.shutdown(socket.SHUT_WR)

    def wait(self) -> int | None:
        """Wait for the guard's exit code; None if it was killed."""
        with contextlib.suppress(ConnectionError):
            if code := self._leash.recv(_MOST_BYTES):
                return int(code)
        return None


class WarmDvc:
    """The side of those who want a DVC command run.

    Args:
        root: The workspace.
        environment: Environment of DVC and of the stages.
    """

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(_PATIENCE_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipelines.warm_dvc", str(root)],
                cwd=Path(__file__).parents[1],
                env=environment,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in a terminal must reach the flow, not DVC
            )

    def alive(self) -> bool:
        """Tell whether it can be asked."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it, once all that it has started has ended."""
        self._socket.close()
        self._process.wait()

    def start(self, words: Sequence[str], held: Iterable[int], **options: float | None) -> Guarded:
        """Start `dvc WORDS …` under a guard, sparing DVC itself when it is stopped.

        Args:
            words: DVC's arguments.
            held: File descriptors that the guard keeps open.
            options: `timeout_s` and `grace_s` of `guard.run`.

        Raises:
            ConnectionError: The process that was to start it was killed, or gives no answer.
        """
        request = json.dumps({"words": words, "options": options}).encode()
        ours, theirs = socket.socketpair()
        source, sink = os.pipe()
        guarded = Guarded(os.fdopen(source, encoding="utf-8", errors="replace"), ours)
        try:
            with theirs, os.fdopen(sink, "wb"):
                socket.send_fds(self._socket, [request], [theirs.fileno(), sink, *held])
                guarded.pid = int(self._socket.recv(_MOST_BYTES))
        except (OSError, ValueError) as error:
            guarded.close()
            raise ConnectionError("the process that is to start DVC was killed, or gives no answer") from error
        return guarded


def main(root: str) -> None:
    """Load DVC, then fork a guard for each request."""
    from dvc.cli import main as dvc
    from dvc.utils.serialize import _yaml

    # To note a stage in dvc.lock DVC reads it with the loader that keeps comments, of which it has none. The plain one
    # reads it in a tenth of the time, which is a third of what DVC takes for a stage, and the same is written.
    _yaml.parse_yaml_for_update = _yaml.parse_yaml
    os.chdir(root)
    guard.name_process("warm-dvc")
    dvc(["stage", "list"])  # loads nearly all that another command needs, and leaves no file open
    with socket.socket(fileno=os.dup(_STDIN)) as control:
        while True:
            request, descriptors, _, _ = socket.recv_fds(control, _MOST_BYTES, _MOST_DESCRIPTORS)
            if not request:
                return
            process = multiprocessing.get_context("fork").Process(
                target=_guard, args=(control, descriptors), kwargs=json.loads(request)
            )
            process.start()
            for descriptor in descriptors:
                os.close(descriptor)


def _guard(control: socket.socket, descriptors: list[int], words: list[str], options: dict[str, Any]) -> None:
    """Guard one DVC command. The descriptors are the leash, where output goes, and those to hold till the end."""
    from dvc.cli import main as dvc

    def command() -> None:
        guard.name_process("dvc")
        sys.exit(dvc(words))

    os.setsid()
    control.send(str(os.getpid()).encode())
    control.close()
    leash, sink, *_ = descriptors
    os.dup2(leash, _STDIN)
    os.dup2(sink, _STDOUT)
    os.dup2(sink, _STDERR)
    code = guard.run(command, spare=True, **options)
    os.closerange(_STDERR + 1, os.sysconf("SC_OPEN_MAX"))  # lets go of locks before anybody is told of the end
    with contextlib.suppress(OSError):  # the owner is dead
        os.write(_STDIN, str(code).encode())


if __name__ == "__main__":
    main(sys.argv[1])
