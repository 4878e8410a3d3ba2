"""Prefect's server, listening: `python -P app.py HOST PORT`; on loopback it answers under loopback's own names alone.

A page of a site whose name its owner has pointed at this machine (DNS rebinding) is so refused before Prefect is asked.
"""

import sys

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import PREFECT_SERVER_LOGGING_LEVEL
from starlette.middleware.trustedhost import TrustedHostMiddleware

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")

if __name__ == "__main__":
    _host, _port = sys.argv[1:]
    _names = LOOPBACK if _host in LOOPBACK else ("*",)  # how others call this machine, only they know
    _app = TrustedHostMiddleware(create_app(final=True), _names, www_redirect=False)
    uvicorn.run(_app, host=_host, port=int(_port), log_level=str(PREFECT_SERVER_LOGGING_LEVEL.value()).lower())
