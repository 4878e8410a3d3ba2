from pathlib import Path

import pytest

from augment.core.paths import PathPattern

PATTERN = PathPattern("results/{dataset}/arms/{train_set}-{recipe}.json")


def test_blanks_are_filled_in_by_name() -> None:
    assert PATTERN.at(dataset="a", train_set="real", recipe="plain") == Path("results/a/arms/real-plain.json")


def test_a_blank_without_a_name_is_never_left_in_a_path() -> None:
    with pytest.raises(KeyError, match="recipe"):
        PATTERN.at(dataset="a", train_set="real")


def test_some_blanks_can_be_filled_in_first() -> None:
    assert PATTERN.within(dataset="a") == PathPattern("results/a/arms/{train_set}-{recipe}.json")


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("results/{dataset}/a.json", "results"),
        ("results/arms/x-{recipe}.json", "results/arms"),
        ("a/b.json", "a/b.json"),
    ],
)
def test_the_folder_above_the_blanks_holds_all_that_a_pattern_can_name(text: str, folder: str) -> None:
    assert PathPattern(text).folder == Path(folder)


def test_a_name_with_braces_is_taken_as_it_is() -> None:
    assert PathPattern("a/{x}").at(x="{y}") == Path("a/{y}")
