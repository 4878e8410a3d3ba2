"""What made a container, and whether that fits the settings of who reads it.

DVC answers from its caches where it thinks that nothing changed. Should it ever be wrong - a key that its hash leaves
out, a folder copied by hand - the reader notices here, before anything is learnt from images of other settings.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from augment.core.container import META
from augment.core.errors import ContainerError
from augment.core.store import read_json, require_made

MISSING = "nothing"

POOL = "pool"
"""What tells, of a synthesizer and of what is made by it, how many images without labels it learnt from."""


def described(**settings: Any) -> dict[str, Any]:
    """Say what makes something: plain values as JSON has them, a spec as the block that it is."""
    plain = {name: each.model_dump() if isinstance(each, BaseModel) else each for name, each in settings.items()}
    described: dict[str, Any] = json.loads(json.dumps(plain))
    return described


def require_made_by(path: Path, **expected: Any) -> None:
    """Refuse a container that other settings made.

    Args:
        path: The container.
        expected: What its ``made_by`` must hold, e.g. ``dataset="digits"``, ``source=spec``; further keys there do not
            matter. A spec must be the same in every key.

    Raises:
        ContainerError: Something differs; the message names each key, what was expected and what was found.
        LeftOutError: It could not be made.
    """
    require_made(path)
    found = read_json(path / META).get("made_by")
    require_settings(f"{path / META}: made_by", found, **expected)


def about_pool(path: Path) -> dict[str, Any]:
    """Give what a container says of images without labels behind it, to be handed on; nothing where it says none."""
    made_by = read_json(path / META).get("made_by")
    return {POOL: made_by[POOL]} if isinstance(made_by, dict) and POOL in made_by else {}


def require_same_origin(first: Path, *others: Path) -> None:
    """Refuse containers of which one was made with other settings than the first, e.g. splits of two datasets.

    Raises:
        ContainerError: Something differs.
        LeftOutError: One could not be made.
    """
    require_made(first)
    made_by = read_json(first / META).get("made_by")
    for path in others:
        require_made_by(path, **(made_by if isinstance(made_by, dict) else {}))


def require_settings(what: str, found: object, **expected: Any) -> None:
    """Refuse what a file says that it was made with; see `require_made_by`.

    Args:
        what: How the message calls it.
        found: A mapping, as JSON gives it.
        expected: See `require_made_by`.

    Raises:
        ContainerError: Something differs.
    """
    there = found if isinstance(found, dict) else {}
    differences = [
        f"{key} {_shown(have)}, expected {_shown(want)}"
        for name, value in described(**expected).items()
        for key, have, want in _differences(name, there.get(name, MISSING), value)
    ]
    if differences:
        raise ContainerError(
            f"{what}: found {'; '.join(differences)}. It was made with other settings than those of params.yaml: "
            "make it again (dvc repro --force --single-item, and the name of its stage)"
        )


def _differences(key: str, have: Any, want: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(have, Mapping) and isinstance(want, Mapping):
        for name in sorted({*have, *want}):
            yield from _differences(f"{key}.{name}", have.get(name, MISSING), want.get(name, MISSING))
    elif have != want:
        yield key, have, want


def _shown(value: Any) -> str:
    return f"{value if isinstance(value, str) else json.dumps(value)}"[:80]
