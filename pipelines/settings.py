"""Settings of the flow (`flow:` in params.yaml) and of single stages (`meta: {flow: …}` in dvc.yaml)."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

PARAMS_FILE = "params.yaml"
_M = TypeVar("_M", bound=BaseModel)


class SettingsError(ValueError):
    """A setting of the flow is wrong; the message names the key, the place and the expectation."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StageHints(_Frozen):
    """How one stage wants to be run; keys left out fall back on the flow's settings.

    Attributes:
        timeout_s: Seconds after which the stage is stopped and counts as failed; null for no limit.
        retries: Further attempts after a failure.
        retry_delay_s: Seconds before the first retry; doubled before each further one.
        no_retry_exit_codes: Exit codes of the stage's command that no retry can cure (bad input, say).
        slots: How many slots of each resource the stage occupies while it runs.
        page: A page that it writes beside its outputs, as it differs from machine to machine; linked after the run.
    """

    timeout_s: PositiveFloat | None = None
    retries: NonNegativeInt = 0
    retry_delay_s: PositiveFloat = 10.0
    no_retry_exit_codes: tuple[int, ...] = (65,)  # EX_DATAERR of sysexits.h
    slots: dict[str, PositiveInt] = {}
    page: str | None = None


class ServerSettings(_Frozen):
    """Where the Prefect server listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=4200, ge=1, le=65535)


class WatchSettings(_Frozen):
    """Folders whose changes start a run while the flow is served.

    Attributes:
        paths: Files or folders, relative to the workspace; empty watches nothing.
        every_s: Seconds between two looks.
        settled_s: Seconds without a further change before the run starts, so that a copy can finish.
    """

    paths: tuple[str, ...] = ()
    every_s: PositiveFloat = 5.0
    settled_s: PositiveFloat = 10.0


def _schedule(value: str) -> str:
    # Most runs have no schedule to check. Prefect's own check would load Prefect before its environment is set.
    from cronsim import CronSim, CronSimError

    try:
        if len(value.split()) != 5:  # a sixth would be seconds
            raise CronSimError("Wrong number of fields")
        CronSim(value, datetime.min)
    except CronSimError as error:
        raise ValueError(f"{error}: expected a schedule of five fields as in cron, such as 0 3 * * *") from error
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:  # it looks for a file of that name
        raise ValueError("expected the IANA name of a time zone, such as Europe/Berlin") from error
    return value


class FlowSettings(_Frozen):
    """The block `flow:` of params.yaml; every key has a default, so the block may be missing.

    Attributes:
        jobs: Stages side by side; null means one per core.
        cron: Schedule of the served flow, five fields; null serves without a schedule.
        timezone: Time zone of the schedule, an IANA name.
        when_busy: What a run does that finds another one at work: `cancel` itself, or `wait` for its turn.
        stop_grace_s: Seconds a stage gets to end by itself when it is stopped, before it is killed.
        stages: Defaults for the hints of every stage.
        slots: Slots this machine has of each resource, shared by all its flows; a resource not named here
            is not limited.
        server: Where the Prefect server listens.
        watch: Folders whose changes start a run.
    """

    jobs: PositiveInt | None = None
    cron: Annotated[str, AfterValidator(_schedule)] | None = None
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    when_busy: Literal["cancel", "wait"] = "cancel"
    stop_grace_s: PositiveFloat = 10.0
    stages: StageHints = StageHints()
    slots: dict[str, PositiveInt] = {}
    server: ServerSettings = ServerSettings()
    watch: WatchSettings = WatchSettings()

    def hints(self, meta: object, where: str) -> StageHints:
        """Merge a stage's own hints over the flow's defaults.

        Args:
            meta: The stage's `meta:` from dvc.yaml, which may hold anything; only its key `flow` is ours.
            where: How to name the place in an error.

        Raises:
            SettingsError: The hints hold an unknown key or a wrong value.
        """
        own = meta.get("flow", {}) if isinstance(meta, dict) else {}
        if not isinstance(own, dict):
            raise SettingsError(f"{where}: `flow` must be a mapping, not {own!r}")
        return _validated(StageHints, self.stages.model_dump() | own, where)


def load(root: Path) -> FlowSettings:
    """Read and validate the block `flow:` of a workspace's params.yaml; all defaults where there is none.

    Raises:
        SettingsError: The file is not a YAML mapping, or the block holds an unknown key or a wrong value.
    """
    return _validated(FlowSettings, read_yaml(root / PARAMS_FILE).get("flow") or {}, f"{PARAMS_FILE}: flow")


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; a missing or empty file is an empty one.

    Raises:
        SettingsError: The file is not YAML, or not a mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"{path.name} must be a mapping, not {type(content).__name__}")
    return content


def _validated(model: type[_M], values: Any, where: str) -> _M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join([where, *map(str, problem['loc'])])}: "
            f"{problem['msg'].removeprefix('Value error, ')} (got {problem['input']!r})"
            for problem in error.errors()
        )
        raise SettingsError(problems) from error
