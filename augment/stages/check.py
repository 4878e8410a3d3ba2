"""Validate all of ``params.yaml``."""

from augment.core.stage import stage


@stage()
def check() -> None:
    """Say that the settings are valid: the command line validates them whole before it calls any stage."""
    print("params.yaml: every setting is known and valid")
