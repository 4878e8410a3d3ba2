"""Settings of the flow (`flow:` in params.yaml) and of single stages (`meta: {flow: …}` in dvc.yaml)."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import pydantic
import yaml
from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, NonNegativeInt, PositiveFloat, PositiveInt

from pipelines.commands import PipelineError

PARAMS_FILE = "params.yaml"
# Of a dataset and the like, whose name becomes a word of a command, which a shell reads, and part of a path.
NAME = re.compile(r"\w+([.-]\w+)*")
NAMING = "expected letters, digits and _, with a single . or - between them"


def _schedule(value: str) -> str:
    try:  # Prefect's own check would load Prefect before its environment is set
        CronSim(value if len(value.split()) == 5 else "", datetime.min)  # a sixth field would be seconds
    except CronSimError as error:
        raise ValueError(f"{error}: expected a schedule of five fields as in cron, such as 0 3 * * *") from error
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:  # it looks for a file of that name
        raise ValueError("expected the IANA name of a time zone, such as Europe/Berlin") from error
    return value


class _Frozen(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, values: Any, where: str) -> Self:
        try:
            return cls.model_validate(values)
        except pydantic.ValidationError as error:
            wrong = [(".".join([where, *map(str, each["loc"])]), each["msg"], each["input"]) for each in error.errors()]
            told = (f"{key}: {what.removeprefix('Value error, ')} (got {got!r})" for key, what, got in wrong)
            raise PipelineError("; ".join(told)) from error


class StageHints(_Frozen):
    """How one stage wants to be run; keys left out fall back on the flow's settings."""

    timeout_s: PositiveFloat | None = None  # then it is stopped and counts as failed
    retries: NonNegativeInt = 0  # further attempts after a failure
    retry_delay_s: PositiveFloat = 10.0  # before the first of them; doubled before each further one
    no_retry_exit_codes: tuple[int, ...] = (65,)  # that no retry can cure: EX_DATAERR of sysexits.h
    slots: dict[str, PositiveInt] = {}  # of each resource, while it runs
    page: str | None = None  # that it writes beside its outputs, as it differs from machine to machine; linked


class ServerSettings(_Frozen):
    """Where the Prefect server listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, pydantic.Field(ge=1, le=65535)] = 4200


class WatchSettings(_Frozen):
    """Files and folders, relative to the workspace, whose changes start a run while the flow is served."""

    paths: tuple[str, ...] = ()
    every_s: PositiveFloat = 5.0  # between two looks
    settled_s: PositiveFloat = 10.0  # without a further change before the run starts, so that a copy can finish


class FlowSettings(_Frozen):
    """The block `flow:` of params.yaml; every key has a default, so the block may be missing."""

    jobs: PositiveInt | None = None  # stages side by side; null means one per core
    cron: Annotated[str, AfterValidator(_schedule)] | None = None  # of the served flow; null serves without a schedule
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    when_busy: Literal["cancel", "wait"] = "cancel"  # what a run does that finds another one at work
    stop_grace_s: PositiveFloat = 10.0  # for a stage to end by itself when it is stopped, before it is killed
    stages: StageHints = StageHints()  # defaults for every stage
    slots: dict[str, PositiveInt] = {}  # this machine's, for all its flows; a resource not named is not limited
    server: ServerSettings = ServerSettings()
    watch: WatchSettings = WatchSettings()

    def hints(self, meta: object, where: str) -> StageHints:
        """Merge a stage's own hints, the key `flow` of its `meta:` at `where`, over the flow's defaults."""
        own = meta.get("flow", {}) if isinstance(meta, dict) else {}
        if not isinstance(own, dict):
            raise PipelineError(f"{where}: `flow` must be a mapping, not {own!r}")
        return StageHints.read(self.stages.model_dump() | own, where)


def load(root: Path) -> FlowSettings:
    """Read and validate the block `flow:` of a workspace's params.yaml; all defaults where there is none."""
    return FlowSettings.read(read_yaml(root / PARAMS_FILE).get("flow") or {}, f"{PARAMS_FILE}: flow")


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; a missing or empty file is an empty one."""
    try:
        content = yaml.load(path.read_bytes() if path.exists() else b"", yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path.name} is not YAML: {error}") from error
    if not isinstance(content, dict | None):
        raise PipelineError(f"{path.name} must be a mapping, not {type(content).__name__}")
    return content or {}
