"""Tables of options that are made of specs."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from augment.core import reference
from augment.core.reference import choice_list, fill, method_tables, option_table
from augment.core.registry import Choice, Registry
from augment.core.specs import Spec


def fast() -> None:
    """Go ``fast``.

    More of it.
    """


def slow() -> None:
    """Go slow,
    on two lines."""  # noqa: D205, D209


PACES: Registry[object] = Registry("pace", "tests.core")
for pace in (fast, slow):
    PACES.register(pace)
PACES._complete = True


class Shoes(Spec):
    """Shoes.

    Attributes:
        number: Of both.
    """

    number: Annotated[int, Field(ge=30, le=50)] = 40


class Walker(Spec):
    """Anyone.

    Attributes:
        pace: How fast, in
            two lines.

            A second paragraph.
    """

    pace: Annotated[str, Choice(PACES)] = "slow"


class Walk(Walker):
    """A walk.

    Attributes:
        miles: How far; ``all`` is all.
        days: Which.
        spare: Taken along.
        note: What to say.
        bare: Whether without.
    """

    kind: Literal["walk"]
    miles: Annotated[float, Field(gt=0, lt=1e6)] | Literal["all"]
    days: list[Annotated[int, Field(ge=0)]] = Field(default_factory=lambda: [1, 2])
    shoes: Shoes = Shoes()
    spare: Shoes | None = None
    note: str | None = None
    bare: bool = False


def test_a_table_has_every_key_with_meaning_values_and_default() -> None:
    assert option_table(Walk, "walk.").splitlines() == [
        "| key | meaning | values | default |",
        "|---|---|---|---|",
        "| `walk.pace` | How fast, in two lines. | `fast`, `slow` | slow |",
        "| `walk.miles` | How far; `all` is all. | number > 0, < 1e+06 or `all` | – |",
        "| `walk.days` | Which. | list, each whole number ≥ 0 | [1, 2] |",
        "| `walk.shoes.number` | Of both. | whole number ≥ 30, ≤ 50 | 40 |",
        "| `walk.spare` | Taken along. | a block, see below | none |",
        "| `walk.spare.number` | Of both. | whole number ≥ 30, ≤ 50 | 40 |",
        "| `walk.note` | What to say. | text | none |",
        "| `walk.bare` | Whether without. | `true`, `false` | false |",
    ]


def test_a_list_says_of_every_method_what_it_is() -> None:
    assert choice_list(PACES) == "- `fast`: Go `fast`.\n- `slow`: Go slow, on two lines.\n"


class Rest(Spec):
    """Do nothing.

    At all.
    """

    kind: Literal["rest"]


def test_methods_that_are_specs_stand_each_with_its_keys() -> None:
    registry: Registry[type[Spec]] = Registry("pastime", "tests.core")
    for spec in (Rest, Walk):
        registry.register(spec)
    registry._complete = True
    assert method_tables(registry, "x.") == (
        f"\n**`rest`**: Do nothing.\n\n**`walk`**: A walk.\n\n{option_table(Walk, 'x.')}\n"
    )


def test_a_document_is_filled_between_its_markers_and_nowhere_else() -> None:
    here = __name__
    text = (
        f"a\n<!-- options {here}:Shoes x. -->\nold\n<!-- /options -->\nb\n"
        f"<!-- choices {here}:PACES -->\n<!-- /choices -->\nc\n"
    )
    filled = fill(text)
    assert filled == (
        f"a\n<!-- options {here}:Shoes x. -->\n{option_table(Shoes, 'x.')}<!-- /options -->\nb\n"
        f"<!-- choices {here}:PACES -->\n{choice_list(PACES)}<!-- /choices -->\nc\n"
    )
    assert fill(filled) == filled


def test_a_key_that_nobody_explains_is_a_bug() -> None:
    class Silent(Spec):
        """No word of the key."""

        key: int

    with pytest.raises(TypeError, match=r"Silent\.key: expected its meaning among the Attributes"):
        reference.options(Silent)
