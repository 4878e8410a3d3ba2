"""Validate all of ``params.yaml`` but ``flow:``, which `pipelines` alone knows and validates."""

from augment.core.stage import stage


@stage()
def check() -> None:
    """Say that the settings are valid: the command line validates them before it calls any stage."""
    print("params.yaml: every setting but flow: is known and valid; python -m pipelines checks that one")
