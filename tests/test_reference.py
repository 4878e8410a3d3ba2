"""Tables that are made of settings."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, NonNegativeFloat, PositiveInt

from augment.core.registry import AnyOf, Method, OneOf, Registry
from augment.core.settings_block import Spec
from augment.reference import choices, fill, methods, option_table, overview

WINES: Registry[object] = Registry("wine", __name__)


@WINES.register
def red() -> None:
    """From ``grapes``,
    with skin.

    More of it.
    """  # noqa: D205


@WINES.register
def none() -> None:
    """Drive home."""


class Cheese(Method):
    """Which cheese is taken.

    Attributes:
        SMELL: In a word.
        price: In coins, at
            most ``9``.

            A second paragraph.
    """

    SMELL: ClassVar[str]

    price: Annotated[int, Field(ge=1, le=9)]

    @classmethod
    def mild(cls) -> bool:
        """Tell whether anyone likes it."""
        return cls.SMELL == "little"


class Gouda(Cheese):
    """Hard.

    At times.

    Attributes:
        age: In years | months.
    """

    SMELL = "little"

    kind: Literal["gouda"] = "gouda"
    age: NonNegativeFloat | None = None


class Brie(Cheese):
    """Soft."""

    SMELL = "much"

    kind: Literal["brie"] = "brie"


class Guest(Method):
    """Who comes."""


class Nobody(Guest):
    """Nobody at all."""

    kind: Literal["nobody"]


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
        spare: Left out, there is none.
        wine: Which.
        sips: Of each wine.
        times: From and to.
        end: When.
        note: What to say.
    """

    guests: PositiveInt | Literal["all"]
    tray: Tray = Tray()
    spare: Tray | None = None
    cheese: Annotated[Cheese, OneOf(default="brie")]
    extra: Annotated[Mapping[str, Cheese], AnyOf()] = Field(default_factory=dict)
    wine: Annotated[str, WINES] = "none"
    sips: list[Annotated[float, Field(gt=0, lt=1e6)]] = Field(default_factory=lambda: [1.0])
    times: Annotated[list[NonNegativeFloat], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [1.0, 2.0]
    )
    end: NonNegativeFloat | None = None
    note: str


HEAD = """\
| key | meaning | values | default |
| --- | --- | --- | --- |
"""
PRICE = "In coins, at most `9`. | whole number ≥ 1, ≤ 9 | – |"


def test_a_table_has_every_key_with_meaning_values_and_default() -> None:
    assert (
        option_table(Meal, "meal.")
        == f"""{HEAD}\
| `meal.guests` | How many. | whole number > 0 or `all` | – |
| `meal.tray.colour` | Of the tray. | `red`, `blue` | red |
| `meal.tray.handles` | Whether it has any. | `true`, `false` | true |
| `meal.spare` | Left out, there is none. | a block | none |
| `meal.spare.colour` | Of the tray. | `red`, `blue` | red |
| `meal.spare.handles` | Whether it has any. | `true`, `false` | true |
| `meal.cheese.kind` | Which cheese is taken. | `gouda`, `brie` | brie |
| `meal.cheese.price` | {PRICE}
| `meal.cheese.age` | With `gouda`: in years \\| months. | number ≥ 0 | none |
| `meal.extra.gouda.price` | {PRICE}
| `meal.extra.gouda.age` | In years \\| months. | number ≥ 0 | none |
| `meal.extra.brie.price` | {PRICE}
| `meal.wine` | Which. | `red`, `none` | "none" |
| `meal.sips` | Of each wine. | list, each number > 0, < 1e+06 | [1.0] |
| `meal.times` | From and to. | list of 2, each number ≥ 0 | [1.0, 2.0] |
| `meal.end` | When. | number ≥ 0 | none |
| `meal.note` | What to say. | text | – |
"""
    )


def test_functions_and_methods_are_listed_with_what_they_are() -> None:
    assert choices(WINES) == "- `red`: From `grapes`, with skin.\n- `none`: Drive home.\n"
    assert choices(Cheese) == "- `gouda`: Hard.\n- `brie`: Soft.\n"


def test_methods_stand_each_under_a_heading_with_its_keys_if_it_has_any() -> None:
    gouda, brie = option_table(Gouda, "x."), option_table(Brie, "x.")
    assert methods(Cheese, "x.") == f"\n### `gouda`\n\nHard.\n\n{gouda}\n### `brie`\n\nSoft.\n\n{brie}\n"
    assert methods(Guest) == "\n### `nobody`\n\nNobody at all.\n\n"


def test_an_overview_has_a_column_for_each_attribute() -> None:
    assert overview(Cheese, "SMELL", "mild").splitlines() == [
        "| `kind` | smell | mild |",
        "| --- | --- | --- |",
        "| `gouda` | little | yes |",
        "| `brie` | much | no |",
    ]


MADE = {
    "options": ("Tray x.", option_table(Tray, "x.")),
    "choices": ("WINES", choices(WINES)),
    "methods": ("Cheese x.", methods(Cheese, "x.")),
    "overview": ("Cheese SMELL mild", overview(Cheese, "SMELL", "mild")),
}


@pytest.mark.parametrize("what", MADE)
def test_a_document_is_filled_between_its_marks_and_nowhere_else(what: str) -> None:
    arguments, made = MADE[what]
    begin, end = f"a\n<!-- {what} {__name__}:{arguments} -->\n", f"<!-- /{what} -->\nb\n<!-- other -->\n"
    assert fill(f"{begin}old\n{end}{begin}{end}") == f"{begin}{made}{end}{begin}{made}{end}"


def test_what_nobody_explains_is_a_bug() -> None:
    class Silent(Spec):
        """No word of the key."""

        key: int

    with pytest.raises(TypeError, match=r"tests.test_reference.Silent\.key: expected a meaning among Attributes"):
        option_table(Silent)

    def mute() -> None: ...

    with pytest.raises(TypeError, match=r"tests\.test_reference\..*mute: expected a docstring that says what it is"):
        choices({"mute": mute})


@pytest.mark.parametrize(("mark", "error"), [("augment.nowhere:X", ImportError), (f"{__name__}:X", AttributeError)])
def test_a_mark_of_what_there_is_not_is_refused(mark: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"nowhere|'X'"):
        fill(f"<!-- options {mark} -->\n<!-- /options -->")
