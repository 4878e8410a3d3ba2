"""What a search may try of a setting: the field itself says so, as ``Annotated[PositiveFloat, Range(1e-3, 1e-2)]``."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Annotates a number.

    Attributes:
        low: The least that is tried.
        high: The most.
        log: Whether factors count alike, not differences.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, init=False)
class Among:
    """Annotates a choice; of methods that a field is ``OneOf`` it takes their tags.

    Attributes:
        choices: What is tried.
    """

    choices: tuple[str | bool | int, ...]

    def __init__(self, *choices: str | bool | int) -> None:
        object.__setattr__(self, "choices", choices)


def told(mark: Range | Among) -> str:
    """Say what is tried, as a table of options shows it."""
    if isinstance(mark, Among):
        return ", ".join(f"`{str(each).lower() if isinstance(each, bool) else each}`" for each in mark.choices)
    return f"{mark.low:g} to {mark.high:g}" + (", by factors" if mark.log else "")
