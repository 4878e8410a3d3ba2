"""The project's own Prefect server: where it is, and how to have one."""

import atexit
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from pipelines import guard
from pipelines.settings import ServerSettings

_START_S = 60.0
_FOR_SCHEDULES = ("SCHEDULER", "LATE_RUNS", "TRIGGERS", "FOREMAN")  # services of the server, by Prefect's names
# To load the server makes some million objects that stay: to look for garbage among them less often saves a fifth.
_PREFECT = "import gc, runpy; gc.set_threshold(50_000); runpy.run_module('prefect', run_name='__main__')"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server that is bound to all is found


class ServerError(RuntimeError):
    """The Prefect server cannot be started as asked."""


def environment(root: Path, where: ServerSettings) -> dict[str, str]:
    """Make the environment in which Prefect works for a workspace. What the user has set already, wins."""
    defaults = {
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_API_URL": _api_url(where),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Each request to a server that is away is repeated for 14 s, enough for its restart, not for a minute:
        # what is to stop makes several of them first.
        "PREFECT_CLIENT_MAX_RETRIES": "3",
    }
    return defaults | os.environ


def answers(api_url: str) -> bool:
    """Tell whether a server answers there."""
    try:
        with urllib.request.urlopen(f"{api_url}/health", timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def command(where: ServerSettings) -> list[str]:
    """Make the command that runs the server in the foreground.

    Raises:
        ServerError: Bound to more than this machine without a password.
    """
    if where.host not in _LOOPBACK and not os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        raise ServerError(
            f"flow.server.host is {where.host}: whoever reaches it could run this pipeline. Set "
            "PREFECT_SERVER_API_AUTH_STRING=user:password (and PREFECT_API_AUTH_STRING for clients) first"
        )
    return [
        *(sys.executable, "-c", _PREFECT, "server", "start"),
        *("--host", where.host, "--port", str(where.port)),
    ]


def ensure(root: Path, where: ServerSettings, *, schedules: bool = True) -> Callable[[], None]:
    """Have a server until this process ends: the one that answers, or one of our own.

    Args:
        root: The workspace.
        where: Where the server is, or is to be.
        schedules: Whether a server of our own will have schedules and triggers to look after; for a single run
            it has not, and starts sooner without.

    Returns:
        What waits until it answers. Starting takes seconds: import Prefect meanwhile.

    Call it before Prefect is imported. Functions registered for the exit run in reverse, so that our server
    is stopped only after Prefect has sent it the last logs and states.

    Raises:
        ServerError: None answers and none starts (also raised by the function returned).
    """
    settings = environment(root, where)
    if answers(settings["PREFECT_API_URL"]):
        return lambda: None
    if settings["PREFECT_API_URL"] != _api_url(where):
        raise ServerError(
            f"no Prefect server answers at {settings['PREFECT_API_URL']}, where PREFECT_API_URL says it is"
        )
    if not schedules:
        settings |= {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _FOR_SCHEDULES}
    with (root / ".prefect" / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, guard.__file__, *command(where)],
            env=settings,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    atexit.register(process.communicate)
    return lambda: _await(process, settings["PREFECT_API_URL"], Path(log.name))


def _await(process: subprocess.Popen[bytes], api_url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while not answers(api_url):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            left = shutil.disk_usage(log).free // 2**20
            raise ServerError(
                f"the Prefect server did not start at {api_url}, with {left} MiB left on its disk; "
                f"the end of {log}:\n{tail}"
            )
        time.sleep(0.05)


def _api_url(where: ServerSettings) -> str:
    host = _REACHED_AT.get(where.host, where.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{where.port}/api"
