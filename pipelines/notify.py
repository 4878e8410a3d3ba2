"""Messages about runs: what is worth one, and how it gets out, through blocks that the Prefect server keeps.

Of the server's blocks params.yaml has the names alone; addresses and passwords are in the blocks. Prefect's hooks tell
of failed and crashed runs, also of one whose process was killed while `serve` or a worker watched it. A message that
did not get out is kept, and goes with the next.
"""

import json
import smtplib
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from email.message import EmailMessage
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.blocks import notifications  # noqa: F401 - by which Prefect knows these kinds of blocks
from prefect.blocks.core import Block
from prefect.client.schemas.objects import FlowRun, State
from prefect.logging import get_logger

from pipelines import settings
from pipelines.commands import PipelineError
from pipelines.records import Record
from pipelines.settings import PARAMS_FILE, NotifySettings
from pipelines.workspace import run_folder

with suppress(ImportError):
    import prefect_email  # noqa: F401 - the same

_MOST_KEPT, _LONGEST, _MAIL_S = 20, 4000, 30.0  # messages; letters of one; for a mail server to answer


def of_end(flow: Flow[Any, Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell of a failed or crashed run: a hook of Prefect's, which is called where the run was begun."""
    del flow
    root = Path.cwd()
    with suppress(PipelineError):  # of which the run has failed, and nobody knows whom to tell
        chosen = settings.load_notify(root)  # whatever is wrong with the others
        if "failed" in chosen.on:
            send(root, chosen, f"run {flow_run.name}: {state.name}", [str(state.message or "no message")])


def of_verdicts(found: Mapping[str, tuple[Record | None, Record]], chosen: NotifySettings) -> list[str]:
    """Say what is new and worth a message in each dataset's record, before and now; once, not each night."""
    told: list[str] = []
    for dataset, (before, now) in found.items():
        if "verdict" in chosen.on and before and before.word != now.word:
            told.append(f"{dataset}: the verdict was {before.word!r} and is {now.word!r}. {now.verdict}")
        for name, why in now.failed_checks.items():
            if "gate" in chosen.on and (before is None or name not in before.failed_checks):
                told.append(f"{dataset}: {name} failed its checks, so that no training set takes its images. {why}")
        least = next((its for pattern, its in chosen.accuracy_below.items() if fnmatchcase(dataset, pattern)), 0.0)
        if "accuracy" in chosen.on and _accuracy(now) < least <= _accuracy(before):
            arm = now.use.name if now.use else ""
            told.append(f"{dataset}: test accuracy of {arm} is {_accuracy(now):.1%}, below {least:.1%}.")
    return told


def _accuracy(record: Record | None) -> float:
    score = record and record.use and record.use.score("accuracy")
    return score.mean if score else float("inf")  # nothing to be below anything


def send(root: Path, chosen: NotifySettings, subject: str, texts: Iterable[str]) -> list[str]:
    """Send a message by every block, with what did not get out before; say, and log, which failed and why."""
    if not chosen.blocks:
        return []
    outbox = run_folder(root) / "untold.json"
    kept: dict[str, list[str]] = {}
    with suppress(OSError, ValueError):
        kept = json.loads(outbox.read_text(encoding="utf-8"))
    new = [f"{subject}\n{text}"[:_LONGEST] for text in texts]
    untold, failed = dict[str, list[str]](), list[str]()
    for name in chosen.blocks:
        waiting = [*kept.get(name, ()), *new][-_MOST_KEPT:]
        try:
            if waiting:
                _deliver(name, chosen, f"{socket.gethostname()}:{root}: {subject}", "\n\n".join(waiting))
        except Exception as error:  # of whichever library the block uses; none may cost the run
            untold[name] = waiting
            failed.append(f"{PARAMS_FILE}: flow.notify: no message by {name}: {type(error).__name__}: {error}")
            get_logger("flow_runs").warning("%s; kept for the next run", failed[-1])
    with suppress(OSError):  # a full disk, of which the next run tells
        outbox.write_text(json.dumps(untold), encoding="utf-8")
    return failed


def _deliver(name: str, chosen: NotifySettings, subject: str, body: str) -> None:
    block: Any = Block.load(name)
    if hasattr(block, "notify"):
        block.notify(body, subject)
        return
    message = EmailMessage()  # the block of prefect-email, which knows a server, but not to whom
    message["Subject"], message["To"] = subject, ", ".join(chosen.mail_to)
    message["From"] = block.username if "@" in (block.username or "") else f"pipelines@{socket.getfqdn()}"
    message.set_content(body)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_MAIL_S)  # smtplib's own is to wait for ever, and the block does not take another
    try:
        server: smtplib.SMTP = block.get_server()
    finally:
        socket.setdefaulttimeout(before)
    with server:
        server.send_message(message)
