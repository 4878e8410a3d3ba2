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
from datetime import timedelta
from email.message import EmailMessage
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from prefect import Flow
from prefect.automations import Automation, EventTrigger, Posture, ResourceSpecification
from prefect.blocks import notifications  # noqa: F401 - by which Prefect knows these kinds of blocks
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.events.actions import SendNotification
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_logger

from pipelines import settings
from pipelines.commands import PipelineError
from pipelines.records import Record
from pipelines.settings import MAIL, PARAMS_FILE, NotifySettings
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


def watch(deployment: str, chosen: NotifySettings) -> None:
    """Have the server itself tell when no run of a deployment has ended well for a time: an automation of Prefect's.

    One that was made before goes. Mail is left out: Prefect's automations do not know its block.
    """
    name = f"no good run of {deployment}"
    with suppress(ValueError):  # there is none
        cast(Automation, Automation.read(name=name)).delete()  # no coroutine: nothing here is async
    blocks = [block for block in chosen.blocks if not block.startswith(MAIL)]
    if not (chosen.silent_h and blocks):
        return
    with get_client(sync_client=True) as client:
        kinds = [block.partition("/") for block in blocks]
        try:
            documents = [client.read_block_document_by_name(block, kind) for kind, _, block in kinds]
        except ObjectNotFound as error:
            told = (
                f"{PARAMS_FILE}: flow.notify.blocks: expected names of blocks that the server at {client.api_url} has"
            )
            raise PipelineError(
                f"{told}, found {', '.join(blocks)}; `python -m pipelines prefect block ls` lists them"
            ) from error
    Automation(
        name=name,
        trigger=EventTrigger(
            posture=Posture.Proactive,
            match_related=ResourceSpecification.model_validate(of_deployment(deployment)),
            expect={"prefect.flow-run.Completed"},
            within=timedelta(hours=chosen.silent_h),
        ),
        actions=[
            SendNotification(
                block_document_id=document.id,
                subject=f"{deployment}: no good run for {chosen.silent_h:g} h",
                body="No run has ended well: look at its runs, and whether `python -m pipelines serve` is still up.",
            )
            for document in documents
        ],
    ).create()


def of_deployment(name: str) -> dict[str, str]:
    """Say by what the events of a deployment's runs are known: not by the runs' tags, which come too late for them."""
    return {"prefect.resource.role": "deployment", "prefect.resource.name": name}


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
