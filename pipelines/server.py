"""The project's own Prefect server: where it is, and how to have one."""

import atexit
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from pipelines import guard
from pipelines.commands import PipelineError
from pipelines.settings import ServerSettings

_START_S = 60.0
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}  # noqa: S104 - where one bound to all is found


def environment(root: Path, where: ServerSettings) -> dict[str, str]:
    """Make the environment in which Prefect works for a workspace. What the user has set already, wins."""
    host = where.host if ":" not in where.host else f"[{where.host}]"
    defaults = {
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_API_URL": f"http://{_REACHED_AT.get(where.host, host)}:{where.port}/api",
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
    except OSError:
        return False


def command(where: ServerSettings) -> list[str]:
    """Make the command that runs the server in the foreground; refuse one for others without a password."""
    if where.host not in _LOOPBACK and not os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        raise PipelineError(
            f"flow.server.host is {where.host}: whoever reaches it could run this pipeline. Set "
            "PREFECT_SERVER_API_AUTH_STRING=user:password (and PREFECT_API_AUTH_STRING for clients) first"
        )
    return [sys.executable, "-m", "prefect", "server", "start", "--host", where.host, "--port", str(where.port)]


def ensure(root: Path, where: ServerSettings) -> None:
    """Have a server until this process ends: the one that answers, or, for want of any, one of our own.

    Call it before Prefect is imported. Functions registered for the exit run in reverse, so that our server is stopped
    only after Prefect has sent it the last logs and states.
    """
    api_url, log = os.environ["PREFECT_API_URL"], root / ".prefect" / "server.log"
    if answers(api_url):
        return
    if not api_url.endswith(f":{where.port}/api"):
        raise PipelineError(f"no Prefect server answers at {api_url}, where PREFECT_API_URL says it is")
    guarded, deadline = [sys.executable, guard.__file__, "inf", "10", *command(where)], time.monotonic() + _START_S
    with log.open("ab") as out:
        process = subprocess.Popen(guarded, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True)
    atexit.register(process.communicate)
    while not answers(api_url):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            left = f"with {shutil.disk_usage(log).free // 2**20} MiB left on its disk"
            raise PipelineError(f"the Prefect server did not start at {api_url}, {left}; the end of {log}:\n{tail}")
        time.sleep(0.1)
