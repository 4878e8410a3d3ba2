"""The tables of the documents, held against the specs that they are made of."""

from pathlib import Path

import pytest

from augment.core.reference import MARKED, fill

PROJECT = Path(__file__).parents[1]
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.name))
def test_what_stands_between_markers_is_what_the_specs_say(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert fill(text) == text, f"run: python -m augment.core.reference {file.relative_to(PROJECT)}"


def test_every_marker_is_closed() -> None:
    for file in DOCUMENTS:
        text = file.read_text(encoding="utf-8")
        begun = sum(text.count(f"<!-- {what} ") for what in ("options", "choices", "methods"))
        assert len(MARKED.findall(text)) == begun, file.name
