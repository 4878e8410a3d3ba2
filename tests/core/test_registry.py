import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, PositiveInt

from augment.core.errors import SettingsError
from augment.core.registry import AnyOf, Method, OneOf, Registry, load
from augment.core.settings_block import Spec, parse


class Shape(Method):
    """A family, told apart by ``form``."""

    TAG: ClassVar[str] = "form"

    colour: Literal["red", "blue"] = "red"


class Round(Shape):
    """Common settings of two methods, and no method itself."""

    radius: PositiveInt = 1


class Sphere(Round):
    """A method."""

    form: Literal["sphere"] = "sphere"
    gloss: bool = False


class Circle(Round):
    """A method."""

    form: Literal["circle"] = "circle"


class Square(Shape):
    """A method."""

    form: Literal["square"] = "square"
    side: PositiveInt


class Only(Method):
    """A family of one."""


class Lonely(Only):
    """A method without a default of its tag."""

    kind: Literal["lonely"]


PENS: Registry[Any] = Registry("pen", __name__)


@PENS.register
def thin() -> None: ...


@PENS.register
def broad() -> None: ...


class Drawing(Spec):
    """Chooses in every way there is."""

    any_shape: Annotated[Shape, OneOf()] = Circle()
    shape: Annotated[Shape, OneOf(default="circle")] = Circle()
    only: Annotated[Only, OneOf()] = Lonely(kind="lonely")
    more: Annotated[Mapping[str, Shape], AnyOf()] = Field(default_factory=dict)
    pens: list[Annotated[str, PENS]] = Field(default_factory=list)


def test_to_be_defined_is_to_be_registered_in_the_order_of_definition() -> None:
    assert list(Shape.registered().items()) == [("sphere", Sphere), ("circle", Circle), ("square", Square)]
    assert Round.registered() == {"sphere": Sphere, "circle": Circle}
    assert [each.tag() for each in (Shape, Round, Circle)] == [None, None, "circle"]
    assert dict(PENS) == {"thin": thin, "broad": broad}
    assert (list(PENS), len(PENS)) == (["thin", "broad"], 2)


def test_a_choice_is_made_by_its_tag() -> None:
    found = parse(Drawing, {"any_shape": {"form": "square", "side": 3}, "shape": {"form": "sphere"}}, "here")
    assert found.any_shape == Square(side=3)
    assert found.shape == Sphere()
    assert parse(Drawing, {"only": {"kind": "lonely"}}, "here").only == Lonely(kind="lonely")


def test_without_a_tag_the_default_is_meant_where_there_is_one() -> None:
    assert parse(Drawing, {"shape": {"radius": 4}}, "here").shape == Circle(radius=4)
    with pytest.raises(SettingsError, match=r"any_shape\.form: missing; expected one of sphere, circle, square"):
        parse(Drawing, {"any_shape": {"radius": 4}}, "here")


def test_any_of_a_family_are_chosen_by_name_and_come_in_the_familys_order() -> None:
    found = parse(Drawing, {"more": {"square": {"side": 2}, "circle": {}}}, "here").more
    assert list(found.items()) == [("circle", Circle()), ("square", Square(side=2))]


def test_settings_survive_being_written_down() -> None:
    drawing = Drawing(any_shape=Square(side=2), shape=Sphere(gloss=True), more={"circle": Circle()}, pens=["thin"])
    assert parse(Drawing, drawing.model_dump(), "here") == drawing
    assert drawing.model_dump()["more"] == {"circle": {"colour": "red", "radius": 1, "form": "circle"}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shape": {"form": "cube"}}, r"\n  shape\.form: unknown 'cube'; expected one of sphere, circle, square"),
        ({"only": {"kind": "lone"}}, r"\n  only\.kind: unknown 'lone'; did you mean lonely\? expected one of lonely"),
        ({"shape": {"radius": 0}}, r"\n  shape\.radius: input should be greater than 0 \(found 0\)"),
        ({"shape": {"form": "circle", "corners": 4}}, r"\n  shape\.corners: unknown key"),
        ({"shape": {"side": 4}}, r"\n  shape: side: only form square has it, found circle"),
        ({"any_shape": {"form": "square", "radius": 4}}, r"\n  any_shape: radius: only form sphere, circle has it"),
        ({"any_shape": {"form": "square"}}, r"\n  any_shape\.side: missing; it has no default"),
        ({"more": {"cube": {}}}, r"\n  more\.cube: unknown key; expected one of sphere, circle, square$"),
        ({"more": {"square": {}}}, r"\n  more\.square\.side: missing"),
        ({"pens": ["thin", "blunt"]}, r"\n  pens\.1: input should be 'thin' or 'broad' \(found 'blunt'\)"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse(Drawing, settings, "here")


def test_an_unknown_function_is_told_with_those_that_exist() -> None:
    assert "blunt" not in PENS
    with pytest.raises(SettingsError, match=r"^unknown pen 'blunt'; expected one of thin, broad$"):
        PENS["blunt"]


def test_two_of_a_name_are_a_bug() -> None:
    class Twin(Method):
        """A family."""

    class Castor(Twin):
        """One."""

        kind: Literal["twin"] = "twin"

    class Pollux(Castor):
        """Another, of the same tag."""

    with pytest.raises(TypeError, match=r"^Twin twin: expected one, found Castor and Pollux$"):
        Twin.registered()

    def broad() -> None: ...

    with pytest.raises(TypeError, match=r"^pen broad: expected one, found two$"):
        PENS.register(broad)


SEEDS = {
    "family": """
from augment.core.registry import Method, Registry
class Fruit(Method):
    HOMES = ("orchard.stone.*_spec", "orchard.pome.*")
TOOLS = Registry("tool", *Fruit.HOMES)
""",
    "stone/cherry_spec": "fruit cherry",
    "stone/helper": "raise AssertionError('none of the family')",
    "pome/pear": "fruit pear",
    "pome/apple": "fruit apple",
}


@pytest.fixture
def _orchard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package whose family and functions are spread over files: they are found, not listed."""
    for name, text in SEEDS.items():
        file = tmp_path / "orchard" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        kind = text.removeprefix("fruit ")
        method = f"class {kind.title()}(Fruit):\n    kind: Literal['{kind}']\n@TOOLS.register\ndef pick_{kind}(): ...\n"
        begin = "from typing import Literal\nfrom orchard.family import Fruit, TOOLS\n"
        file.write_text(begin + method if text.startswith("fruit ") else text)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "orchard"]:
        del sys.modules[name]


@pytest.mark.usefixtures("_orchard")
def test_a_file_is_all_that_a_method_or_a_function_needs_and_homes_set_the_order() -> None:
    load("orchard.pome.pear:Pear")  # imported before the others, and still after them
    assert list(load("orchard.family:Fruit").registered()) == ["cherry", "apple", "pear"]
    assert list(load("orchard.family:TOOLS")) == ["pick_cherry", "pick_apple", "pick_pear"]
