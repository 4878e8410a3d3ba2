"""Sources as the registry has them: each held to the same contract, without a list of them here."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from augment.core.errors import SettingsError
from augment.core.settings_block import parse
from augment.datasets.raw import MAX_SIDE, MIN_SIDE, Source, SourceSpec

SOURCES = Source.registered()


def example(kind: str) -> Source:
    """Make a source of the settings that its schema has: the smallest number, the first choice."""
    schema = SOURCES[kind].model_json_schema()
    block: dict[str, Any] = {"kind": kind}
    for name in schema.get("required", []):
        field = schema["properties"][name]
        field = field.get("anyOf", [field])[0]
        block.setdefault(name, field.get("minimum", field.get("enum", ["a"])[0]))
    source: Source = parse(TypeAdapter(SourceSpec), block, "params.yaml")
    return source


@pytest.mark.parametrize("kind", list(SOURCES))
def test_a_source_is_a_block_of_its_kind_and_says_its_shape(kind: str) -> None:
    source = example(kind)
    assert type(source) is SOURCES[kind]
    assert source.model_dump()["kind"] == kind
    channels, height, width = source.image_shape
    assert channels in (1, 3)
    assert MIN_SIDE <= height <= MAX_SIDE
    assert MIN_SIDE <= width <= MAX_SIDE


@pytest.mark.parametrize("kind", list(SOURCES))
def test_a_source_gives_images_of_its_shape_or_says_what_to_put_where(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from augment.core.errors import DataError

    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: None)
    source = example(kind)
    try:
        raw = source.load(tmp_path)
    except DataError as error:
        assert str(tmp_path) in str(error)  # noqa: PT017  # a source may need files, or none
        return
    assert raw.images.shape[1:] == source.image_shape


def test_an_unknown_source_is_told_with_those_that_exist() -> None:
    named = ", ".join(SOURCES)
    with pytest.raises(SettingsError, match=f"kind: unknown 'web'; expected one of {named}"):
        parse(TypeAdapter(SourceSpec), {"kind": "web"}, "params.yaml")
