"""Validate all of ``params.yaml`` but ``flow:``, which `pipelines` alone knows and validates."""

from pathlib import Path

from augment.core.stage import stage
from augment.environment import require_environment


@stage()
def check() -> None:
    """Say that the settings are valid: the command line validates them before it calls any stage.

    Raises:
        SettingsError: See `require_environment`.
    """
    require_environment(Path.cwd())
    print("params.yaml: every setting but flow: is known and valid; python -m pipelines checks that one")
