from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, NonNegativeFloat, PositiveInt

from augment.core.methods import Among, AnyOf, Method, OneOf
from augment.core.specs import Spec
from augment.reference import TABLES, option_table, options, rewrite
from augment.synthesis.base.methods import synthesizers


class Cheese(Method):
    """Which cheese is taken.

    Attributes:
        price: In coins, at
            most ``9``.
    """

    price: Annotated[int, Field(ge=1, le=9)]


class Brie(Cheese):
    """Soft."""

    kind: Literal["brie"] = "brie"


class Gouda(Cheese):
    """Hard.

    Attributes:
        age: In years | months.
    """

    kind: Literal["gouda"] = "gouda"
    age: NonNegativeFloat | None = None


class Tray(Spec):
    """A tray.

    Attributes:
        colour: Of the tray.
        handles: Whether it has any.
    """

    colour: Literal["red", "blue"] = "red"
    handles: bool = True


class Meal(Spec):
    """A meal.

    Attributes:
        guests: How many.
        wines: Which.
        times: From and to.
    """

    WINES: ClassVar = ("red", "white")

    guests: PositiveInt
    tray: Tray = Tray()
    cheese: Annotated[Cheese, OneOf(default="brie")]
    extra: Annotated[Mapping[str, Cheese], AnyOf()] = Field(default_factory=dict)
    wines: list[Annotated[str, Among(WINES)]] = Field(default_factory=list)
    times: Annotated[list[NonNegativeFloat], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [1.0, 2.0]
    )


def test_a_table_has_every_key_with_meaning_values_and_default() -> None:
    assert (
        option_table(Meal)
        == """\
| key | meaning | values | default |
| --- | --- | --- | --- |
| `guests` | How many | whole number, above 0 | – |
| `tray.colour` | Of the tray | `red`, `blue` | red |
| `tray.handles` | Whether it has any | `true`, `false` | true |
| `cheese.kind` | Which cheese is taken | `brie`, `gouda` | brie |
| `cheese.price` | In coins, at most `9` | whole number, 1 or more, at most 9 | – |
| `cheese.age` | With `gouda`: in years \\| months | number, 0 or more | none |
| `extra.brie.price` | In coins, at most `9` | whole number, 1 or more, at most 9 | – |
| `extra.gouda.price` | In coins, at most `9` | whole number, 1 or more, at most 9 | – |
| `extra.gouda.age` | In years \\| months | number, 0 or more | none |
| `wines` | Which | list of `red`, `white` | [] |
| `times` | From and to | list of 2 × number, 0 or more | [1.0, 2.0] |
"""
    )


def test_a_key_without_a_meaning_is_no_option() -> None:
    class Bare(Spec):
        """Says nothing of its key."""

        key: int

    with pytest.raises(KeyError, match="key"):
        list(options(Bare))


@pytest.mark.parametrize("kind", sorted(synthesizers()))
def test_every_key_of_every_synthesizer_has_a_meaning_values_and_a_default(kind: str) -> None:
    found = list(options(synthesizers()[kind]))
    assert found
    assert all(all(option) for option in found)


def test_what_stands_between_the_marks_is_replaced_and_the_rest_is_left() -> None:
    text = "before\n<!-- options: losses -->\nold\n<!-- /options -->\nafter\n"
    assert rewrite(text) == f"before\n<!-- options: losses -->\n{TABLES['losses']()}<!-- /options -->\nafter\n"


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(KeyError, match="wines"):
        rewrite("<!-- options: wines -->\n<!-- /options -->")
