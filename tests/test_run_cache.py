"""Settings held against DVC's run-cache, which leaves keys of some names out of its hash."""

import shutil
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from dvc.stage import cache
from dvc.stage.cache import _get_cache_hash
from pydantic import TypeAdapter

from augment.core.errors import SettingsError
from augment.core.settings_block import OVERLOOKED, Name, parse
from augment.settings import Settings

PROJECT = Path(__file__).parents[1]


def keys(schema: Any) -> Iterator[str]:
    """Name every key that a JSON schema knows, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from keys(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keys(part)


KEYS = sorted(set(keys(Settings.model_json_schema())))


def overlooked(key: str) -> bool:
    """Tell whether DVC's run-cache takes two settings of this key for the same."""
    stage: dict[str, Any] = {"cmd": "a", "deps": [], "params": {"params.yaml": {"datasets.d": {key: 1}}}, "outs": []}
    other = deepcopy(stage)
    other["params"]["params.yaml"]["datasets.d"][key] = 2
    return bool(_get_cache_hash(stage, key=True) == _get_cache_hash(other, key=True))


@pytest.mark.parametrize("key", KEYS)
def test_no_setting_has_a_name_that_the_run_cache_overlooks(key: str) -> None:
    assert not overlooked(key)


def test_no_dataset_or_recipe_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(cache, "dict_sha256", lambda _, exclude: seen.extend(exclude))
    _get_cache_hash({})
    assert sorted(seen) == sorted(OVERLOOKED)
    for name in seen:
        with pytest.raises(SettingsError, match=rf"{name} is a name that DVC's run-cache overlooks; expected another"):
            parse(TypeAdapter(dict[Name, int]), {name: 1}, "params.yaml")


def test_the_run_cache_overlooks_some_names() -> None:
    """Were this no longer so, the test above would prove nothing."""
    assert overlooked("size")
    assert {"seed", "image_size", "width", "val"} <= set(KEYS)


def test_line_ends_survive_a_clone_that_would_convert_them(tmp_path: Path) -> None:
    """DVC hashes bytes: with other line ends all code would count as changed."""
    source, clone = tmp_path / "source", tmp_path / "clone"
    source.mkdir()
    shutil.copy(PROJECT / ".gitattributes", source)
    (source / "code.py").write_bytes(b"a = 1\nb = 2\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-C", str(source)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    subprocess.run(["git", "clone", "-q", "-c", "core.autocrlf=true", str(source), str(clone)], check=True)
    assert (clone / "code.py").read_bytes() == b"a = 1\nb = 2\n"
