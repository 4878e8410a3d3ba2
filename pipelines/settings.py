"""Settings of the flow (`flow:` in params.yaml) and of single stages (`meta: {flow: …}` in dvc.yaml)."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

import pydantic
import yaml
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from pipelines.commands import PipelineError

PARAMS_FILE = "params.yaml"
MAIL = "email-server-credentials/"  # beginning of the names of prefect-email's blocks


class _Frozen(pydantic.BaseModel, frozen=True, extra="forbid"):
    @classmethod
    def read(cls, values: Any, where: str) -> Self:
        try:
            return cls.model_validate(values)
        except pydantic.ValidationError as error:
            wrong = [(".".join([where, *map(str, it["loc"])]), cls._expected(it), it["input"]) for it in error.errors()]
            raise PipelineError("; ".join(f"{key}: {what} (got {got!r})" for key, what, got in wrong)) from error

    @classmethod
    def _expected(cls, error: Any) -> str:
        block: Any = cls
        for part in error["loc"][:-1] if error["type"] == "extra_forbidden" else ():
            block = block.model_fields[part].annotation
        unknown = f"unknown key, expected one of {', '.join(block.model_fields)}"
        return unknown if error["type"] == "extra_forbidden" else str(error["msg"])


class StageHints(_Frozen):
    """How one stage wants to be run: the key `flow` of its `meta:` in dvc.yaml."""

    timeout_s: PositiveFloat | None = None  # then it is stopped and counts as failed
    retries: NonNegativeInt = 0  # further attempts after a failure, which go on from a checkpoint where there is one
    tags: list[str] = []  # of its task, for Prefect's limits on how many of one tag run side by side
    page: str | None = None  # that it writes beside its outputs, as it differs from machine to machine; linked
    # The output that says what came of a dataset: `python -m pipelines history` and messages read it.
    record: Annotated[str, pydantic.Field(pattern=r"^[^{}]*\{dataset\}[^{}]*$")] | None = None


class ServerSettings(_Frozen):
    """Where the Prefect server listens, and what it keeps."""

    host: str = "127.0.0.1"
    port: Annotated[int, pydantic.Field(ge=1, le=65535)] = 4200
    keep_days: Annotated[float, pydantic.Field(ge=1)] = 90.0  # after which it forgets a run that has ended


class WorkerSettings(_Frozen):
    """What this folder and the clones of the workers of `flow.pools` have in common; how patient to be with them."""

    cache: Literal["shared", "remote"] = "shared"  # one `cache.dir` for all, or DVC's default remote
    git: str | None = None  # remote of git's by which they get commits; null where they were cloned from this folder
    timeout_s: PositiveFloat = 300.0  # for a worker to come, and to be heard of again while it is at work


Occasion: TypeAlias = Literal["failed", "verdict", "gate", "accuracy"]
Share: TypeAlias = Annotated[float, pydantic.Field(ge=0, le=1)]


class NotifySettings(_Frozen):
    """When a message goes out, and by which of the Prefect server's blocks, which keep what is secret."""

    blocks: list[Annotated[str, pydantic.Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]] = []  # such as slack-webhook/team
    on: list[Occasion] = list(get_args(Occasion))
    accuracy_below: dict[str, Share] = {}  # name or pattern of datasets: from which accuracy on; the first that fits
    silent_h: Annotated[float, pydantic.Field(ge=0.01)] | None = None  # after so long without a good run, while served
    mail_to: list[str] = []  # of blocks of kind email-server-credentials

    @pydantic.model_validator(mode="after")
    def _mail_has_an_address(self) -> Self:
        if any(name.startswith(MAIL) for name in self.blocks) and not self.mail_to:
            raise ValueError("mail_to: expected addresses, as blocks has one of kind email-server-credentials")
        return self


class FlowSettings(_Frozen):
    """The block `flow:` of params.yaml; every key has a default, so the block may be missing."""

    jobs: PositiveInt | None = None  # stages side by side; null means one per core
    cron: str | None = None  # of the served flow, which checks it; null serves without a schedule
    timezone: str = "UTC"
    stop_grace_s: PositiveFloat = 10.0  # for a stage to end by itself when it is stopped, before it is killed
    server: ServerSettings = ServerSettings()
    pools: dict[str, str] = {}  # which work pool does stages of a name (or pattern of names); the first that fits
    workers: WorkerSettings = WorkerSettings()
    notify: NotifySettings = NotifySettings()


def load(root: Path) -> FlowSettings:
    """Read and validate the block `flow:` of a workspace's params.yaml; all defaults where there is none."""
    return FlowSettings.read(read_yaml(root / PARAMS_FILE).get("flow") or {}, f"{PARAMS_FILE}: flow")


def load_notify(root: Path) -> NotifySettings:
    """Read `flow.notify` alone, which so serves to tell that another setting is wrong."""
    flow = read_yaml(root / PARAMS_FILE).get("flow")
    return NotifySettings.read(
        (flow.get("notify") if isinstance(flow, dict) else None) or {}, f"{PARAMS_FILE}: flow.notify"
    )


def is_portable(root: Path) -> bool:
    """Tell whether stages are asked for bytes that are the same on every machine: `runtime.precision`."""
    runtime = read_yaml(root / PARAMS_FILE).get("runtime")
    return isinstance(runtime, dict) and runtime.get("precision") == "portable"


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; a missing or empty file is an empty one."""
    try:
        content = yaml.load(path.read_bytes() if path.exists() else b"", yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path.name} is not YAML: {error}") from error
    if not isinstance(content, dict | None):
        raise PipelineError(f"{path.name} must be a mapping, not {type(content).__name__}")
    return content or {}
