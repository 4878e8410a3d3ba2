"""The project's own Prefect server: where it is, and how to have one."""

import atexit
import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from pipelines import guard
from pipelines.commands import PipelineError
from pipelines.settings import PARAMS_FILE, ServerSettings

_START_S = 60.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}  # noqa: S104 - where one bound to all is found
_SERVER_PASSWORD, _PASSWORD = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"


def environment(root: Path, where: ServerSettings) -> dict[str, str]:
    """Make the environment in which Prefect works for a workspace. What the user has set already, wins.

    Server and clients share a password, or any web page could run commands here: a browser lets each send requests to
    loopback. A server that the user has named is not told the one made here.
    """
    address = address_of(where)
    password = os.environ.get(_SERVER_PASSWORD) or os.environ.get(_PASSWORD) or credential(root)
    defaults = {
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_API_URL": f"{address}/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{address},http://localhost:{where.port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",  # with their logs; or its disk fills up
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(round(where.keep_days * 86_400)),
        # Each request to a server that is away is repeated for 14 s, enough for its restart, not for a minute:
        # what is to stop makes several of them first.
        "PREFECT_CLIENT_MAX_RETRIES": "3",
        **({} if "PREFECT_API_URL" in os.environ else {_PASSWORD: password}),
    }
    direct = [*(os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(","), *_LOOPBACK, where.host]
    no_proxy = ",".join(dict.fromkeys(filter(None, direct)))
    return defaults | os.environ | {_SERVER_PASSWORD: password, "NO_PROXY": no_proxy, "no_proxy": no_proxy}


def address_of(where: ServerSettings) -> str:
    """Give the address of the server's UI, as this machine reaches it."""
    host = where.host if ":" not in where.host else f"[{where.host}]"
    return f"http://{_REACHED_AT.get(where.host, host)}:{where.port}"


def credential(root: Path) -> str:
    """Read the password of the workspace's server, `pipelines:…`, which its owner alone may; make it where none is."""
    file = folder(root) / "credential"
    file.touch(mode=0o600)
    file.chmod(0o600)
    with file.open("a+", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # of two commands at once one makes it
        stream.seek(0)
        if not (known := stream.read()):
            stream.write(known := f"pipelines:{secrets.token_urlsafe(24)}")
        return known


def folder(root: Path) -> Path:
    """Have the folder of the server's files, which its owner alone may enter."""
    path = root / ".prefect"
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    return path


def answers(api_url: str, about: str = "health") -> bool:
    """Tell whether a server answers there; all but a question about its health it answers who has the password."""
    user, _, password = os.environ.get(_PASSWORD, "").partition(":")
    try:
        return httpx.get(f"{api_url}/{about}", auth=(user, password), timeout=2).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def command(where: ServerSettings) -> list[str]:
    """Make the command that runs the server in the foreground."""
    return [sys.executable, "-P", str(Path(__file__).with_name("app.py")), where.host, str(where.port)]


def ensure(root: Path, where: ServerSettings, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Have a server until this process ends: the one that answers, or, for want of any, one of our own.

    Call it before Prefect is imported; `meanwhile`, while our own starts, is the time for that. Functions registered
    for the exit run in reverse, so that our server is stopped only after Prefect has sent it the last logs and states.
    """
    api_url, log = os.environ["PREFECT_API_URL"], folder(root) / "server.log"
    ours = api_url.endswith(f":{where.port}/api")
    if ours and answers(api_url) and not answers(api_url, "version"):
        told = f"the server at {api_url} does not take this project's password: it is another one's, or not Prefect's"
        remedy = f"Give this one a port of its own with flow.server.port in {PARAMS_FILE}"
        raise PipelineError(f"{told}. {remedy}, or share the server: docs/security.md")
    if answers(api_url):
        return
    if not ours:
        raise PipelineError(f"no Prefect server answers at {api_url}, where PREFECT_API_URL says it is")
    guarded, deadline = [sys.executable, guard.__file__, "inf", "10", *command(where)], time.monotonic() + _START_S
    with log.open("ab") as out:
        process = subprocess.Popen(guarded, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True)
    atexit.register(process.communicate)
    meanwhile()
    while not answers(api_url):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            left = f"{shutil.disk_usage(log).free // 2**20} MiB left on its disk"
            told = f"the Prefect server did not start at {api_url} (flow.server in {PARAMS_FILE}), with {left}"
            raise PipelineError(f"{told}; the end of {log}:\n{tail}")
        time.sleep(0.1)
