"""Messages about runs: to a webhook, a chat and a mail server that are really there."""

import json
import threading
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import psutil
import pytest
from aiosmtpd.controller import Controller
from prefect.blocks.notifications import CustomWebhookNotificationBlock, MattermostWebhook
from prefect.client.orchestration import get_client
from prefect_email import EmailServerCredentials
from pydantic import SecretStr

from pipelines import notify
from pipelines.artifacts import key
from pipelines.commands import PipelineError
from pipelines.flow import workspace_tag
from pipelines.records import Record
from pipelines.settings import NotifySettings, load
from pipelines.workspace import run_folder
from tests.servers import free_port

from .conftest import Workspace, work
from .processes import eventually, named
from .runs import run
from .verdicts import judging, record, says


class Receiver:
    """A web server that keeps what is posted to it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.port, self.answer = free_port(), 200
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if told.answer == 200:
                    told.got.append((self.path, body))
                self.send_response(told.answer)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", self.port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        """Take the server down."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def bodies(self) -> list[str]:
        """Give the bodies that were posted."""
        return [str(body["body"]) for _, body in self.got]


@pytest.fixture
def receiver(server: str) -> Iterator[Receiver]:
    """Have a receiver, and the server a block of the name `custom-webhook/receiver` for it."""
    del server
    made = Receiver()
    CustomWebhookNotificationBlock(
        name="receiver",
        url=f"http://127.0.0.1:{made.port}/hook/{{{{token}}}}",
        json_data={"subject": "{{subject}}", "body": "{{body}}"},
        secrets={"token": "s3cret"},
    ).save("receiver", overwrite=True)
    yield made
    made.stop()


def told(sign: str, **figures: Any) -> Record:
    made = Record.read(json.dumps(record(sign, **figures)))
    assert made
    return made


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (told("0"), told("0"), []),
        (None, told("+"), []),
        (told("0"), told("+"), ["the verdict was 'no detectable effect' and is 'helps'. In words: helps."]),
        (
            told("0"),
            told("0", failed="gan"),
            ["gan failed its checks, so that no training set takes its images. Class 9"],
        ),
        (None, told("0", failed="gan"), ["gan failed its checks"]),
        (told("0", failed="gan"), told("0", failed="gan"), []),
        (told("0", without=0.86), told("0", without=0.84), ["test accuracy of real/plain is 84.0%, below 85.0%."]),
        (told("0", without=0.84), told("0", without=0.83), []),
        (None, told("0", without=0.84), ["test accuracy of real/plain is 84.0%"]),
        (told("0", without=0.86), told("-", without=0.84), ["the verdict was", "test accuracy"]),
    ],
)
def test_what_is_new_is_told_once(before: Record | None, now: Record, said: list[str]) -> None:
    chosen = NotifySettings(accuracy_below={"toys": 0.85, "*": 0.99})
    found = notify.of_verdicts({"toys": (before, now)}, chosen)
    assert len(found) == len(said)
    assert all(text.startswith(f"toys: {words}") for text, words in zip(found, said, strict=True))


def test_only_what_was_asked_for_is_told() -> None:
    pair = {"toys": (told("0"), told("-", without=0.5, failed="gan"))}
    for on, words in ("verdict", "the verdict was"), ("gate", "gan failed"), ("accuracy", "test accuracy"):
        chosen = NotifySettings.model_validate({"on": [on], "accuracy_below": {"*": 0.9}})
        assert [text.startswith(f"toys: {words}") for text in notify.of_verdicts(pair, chosen)] == [True]
    assert notify.of_verdicts(pair, NotifySettings(on=["failed"], accuracy_below={"*": 0.9})) == []


def test_a_changed_verdict_goes_out_by_webhook_chat_and_mail(workspace: Workspace, receiver: Receiver) -> None:
    mails: list[Message] = []

    class Sink:
        async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - its name there
            del server, session
            mails.append(BytesParser().parsebytes(envelope.content))
            return "250 OK"

    sink = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    sink.start()
    MattermostWebhook(hostname="127.0.0.1", token=SecretStr("t0ken"), port=receiver.port, secure=False).save(
        "team", overwrite=True
    )
    EmailServerCredentials(smtp_server="127.0.0.1", smtp_port=sink.port, smtp_type="INSECURE").save(
        "office", overwrite=True
    )
    blocks = ["custom-webhook/receiver", "mattermost-webhook/team", "email-server-credentials/office"]
    judging(workspace, "toys", notify={"blocks": blocks, "mail_to": ["a@example.org", "b@example.org"]})
    says(workspace, "toys", "0")
    assert run().is_completed()
    assert (receiver.got, mails) == ([], []), "there was no verdict before"
    says(workspace, "toys", "+", with_=0.97)
    assert run().is_completed()
    assert run().is_completed()
    sink.stop()
    (path, webhook), (chat_path, chat) = receiver.got
    sentence = "toys: the verdict was 'no detectable effect' and is 'helps'. In words: helps."
    assert (path, chat_path) == ("/hook/s3cret", "/hooks/t0ken")
    assert str(workspace.root) in webhook["subject"]
    assert webhook["body"].endswith(sentence)
    assert sentence in chat["text"]
    (mail,) = mails
    assert mail["To"] == "a@example.org, b@example.org"
    assert sentence in " ".join(str(mail.get_payload()).replace("=\n", "").split())


def test_a_failed_run_is_told_and_what_did_not_get_out_goes_with_the_next(
    workspace: Workspace, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.params(flow={"notify": {"blocks": ["custom-webhook/receiver", "slack-webhook/nowhere"]}})
    workspace.stages(bad=work(write="bad.txt", extra="--exit 65"))
    receiver.answer = 500
    assert run().is_failed()
    assert receiver.got == []
    assert any("no message by custom-webhook/receiver" in message for message in caplog.messages)
    assert any("no message by slack-webhook/nowhere" in message for message in caplog.messages)
    receiver.answer = 200
    workspace.params(flow={"jobs": 0, "notify": {"blocks": ["custom-webhook/receiver"]}})
    assert run().is_failed()
    (body,) = receiver.bodies
    assert ": Failed\n" in body
    assert "stage bad failed; its last lines:" in body
    assert ": Refused\nparams.yaml: flow.jobs: Input should be greater than 0" in body
    assert json.loads((run_folder(workspace.root) / "untold.json").read_text()) == {}


def test_a_killed_run_is_told_by_the_process_that_serves_it(workspace: Workspace, receiver: Receiver) -> None:
    workspace.params(flow={"cron": "0 3 * * *", "notify": {"blocks": ["custom-webhook/receiver"]}})
    workspace.stages(slow=work(write="slow.txt", extra="--sleep 60"))
    with workspace.start("serve") as process:
        try:
            assert workspace.flow("prefect", "deployment", "ls").returncode == 0
            eventually(lambda: _ask_for_a_run(workspace), 60)
            eventually(workspace.ran, 60)
            for flow_run in (each for each in psutil.Process(process.pid).children() if _has_stage(each)):
                flow_run.kill()
            eventually(lambda: receiver.got, 60)
        finally:
            process.terminate()
            process.communicate(timeout=60)
    assert any(": Crashed\n" in body for body in receiver.bodies)
    eventually(lambda: named("work.py", workspace.root) == [])


def _ask_for_a_run(workspace: Workspace) -> bool:
    name = f"pipeline/{key(workspace_tag(workspace.root))}"
    return workspace.flow("prefect", "deployment", "run", name).returncode == 0


def _has_stage(process: psutil.Process) -> bool:
    return any("work.py" in child.cmdline() for child in process.children(recursive=True))


def test_the_server_tells_when_no_run_ends_well(receiver: Receiver) -> None:
    chosen = NotifySettings(blocks=["custom-webhook/receiver"], silent_h=0.01)
    for _ in range(2):  # served again
        notify.watch("elsewhere", chosen)
    (made,) = [each for each in _automations() if each["name"] == "no good run of elsewhere"]
    assert made["trigger"]["within"] == 36
    notify.watch("here", NotifySettings.model_construct(blocks=chosen.blocks, silent_h=10 / 3600))
    eventually(lambda: receiver.got, 60)
    assert receiver.got[0][1]["subject"].startswith("here: no good run for 0.0027")
    for tag in ("elsewhere", "here"):
        notify.watch(tag, NotifySettings())
    assert _automations() == []


def test_a_block_that_is_not_there_is_refused_when_the_flow_is_served(server: str) -> None:
    del server
    with pytest.raises(
        PipelineError, match=r"flow\.notify\.blocks: expected names of blocks .* found slack-webhook/no;"
    ):
        notify.watch("somewhere", NotifySettings(blocks=["slack-webhook/no"], silent_h=1))


def _automations() -> list[dict[str, Any]]:
    with get_client(sync_client=True) as client:
        return list(client.request("POST", "/automations/filter", json={}).json())


def test_the_command_tries_the_blocks(workspace: Workspace, receiver: Receiver) -> None:
    workspace.params(flow={"notify": {"blocks": ["custom-webhook/receiver"]}})
    tried = workspace.flow("notify")
    assert (tried.returncode, tried.stdout) == (0, "Sent by custom-webhook/receiver.\n")
    assert receiver.bodies == ["a trial\nMessages about the pipeline will come this way."]


def test_wrong_settings_are_refused(workspace: Workspace) -> None:
    wrong = {"blocks": ["https://hooks.example.com/s3cret"], "on": ["faild"], "accuracy_below": {"*": 90}}
    workspace.params(flow={"notify": wrong})
    with pytest.raises(PipelineError) as refused:
        load(workspace.root)
    for named_ in (
        "blocks.0: String should match",
        "on.0: Input should be 'failed', 'verdict'",
        "accuracy_below.*: Input",
    ):
        assert f"params.yaml: flow.notify.{named_}" in str(refused.value)
    workspace.params(flow={"notify": {"blocks": ["email-server-credentials/office"]}})
    with pytest.raises(PipelineError, match=r"flow\.notify: Value error, mail_to: expected addresses"):
        load(workspace.root)
