"""What a search may change of a block of settings: what its fields say they may be, see `augment.core.search`."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from augment.core.registry import Method, OneOf
from augment.core.search import Among, Range
from augment.core.settings_block import Spec, parse

S = TypeVar("S", bound=Spec)
Ask = Callable[[str, Range | Among, Any], Any]
"""Gives a value for a name, from a range or a choice, in the place of the present one."""

DIGITS = 3
"""Significant digits of a number that is tried: more would claim to matter."""


def changed(spec: S, ask: Ask) -> S:
    """Give the settings with every field that may be searched as ``ask`` wants it.

    The blocks of a method are searched below its tag, e.g. ``network.compact.width``: methods may differ in ranges.
    A block that is left out stays so.

    Raises:
        SettingsError: The values do not go together.
    """
    return parse(type(spec), _asked(spec, ask, ""), "what was tried")


def present(spec: Spec) -> dict[str, Any]:
    """Give the values that settings have of what may be searched, by name."""
    found: dict[str, Any] = {}

    def note(name: str, _: Range | Among, now: Any) -> Any:
        found[name] = now
        return now

    changed(spec, note)
    return found


def values(spec: S, params: Mapping[str, Any]) -> S:
    """Give the settings with values by name; what is not named stays.

    Raises:
        SettingsError: The values do not go together.
    """
    return changed(spec, lambda name, _, now: rounded(params.get(name, now)))


def rounded(value: Any) -> Any:
    """Round a number to `DIGITS`."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def reaching(mark: Range | Among, now: Any) -> Range | Among:
    """Widen a range or a choice so that the present value is in it: a search never starts outside."""
    if isinstance(mark, Among):
        return mark if now in mark.choices else Among(*mark.choices, now)
    return Range(min(mark.low, now), max(mark.high, now), log=mark.log and now > 0)


def _asked(spec: Spec, ask: Ask, prefix: str) -> dict[str, Any]:
    block = spec.model_dump()
    for name, field in type(spec).model_fields.items():
        now = getattr(spec, name)
        mark = next((each for each in field.metadata if isinstance(each, Range | Among)), None)
        if isinstance(now, Method) and any(isinstance(each, OneOf) for each in field.metadata):
            block[name] = _method(now, mark, ask, f"{prefix}{name}.")
        elif isinstance(now, Spec):
            block[name] = _asked(now, ask, f"{prefix}{name}.")
        elif mark and now is not None:
            block[name] = ask(prefix + name, reaching(mark, now), now)
    return block


def _method(now: Method, mark: Range | Among | None, ask: Ask, prefix: str) -> dict[str, Any]:
    tag = now.tag()
    kind = ask(prefix + now.TAG, reaching(mark, tag), tag) if mark else tag
    family = next(each for each in type(now).__mro__ if issubclass(each, Method) and each.tag() is None)
    other = now if kind == tag else parse(family.registered()[str(kind)], {now.TAG: kind}, "what was tried")
    return _asked(other, ask, f"{prefix}{kind}.")
