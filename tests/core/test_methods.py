from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, PositiveInt

from augment.core.errors import SettingsError
from augment.core.methods import Among, AnyOf, Method, OneOf, load
from augment.core.specs import Spec, parse


class Shape(Method):
    """A family, told apart by ``form``."""

    TAG: ClassVar[str] = "form"

    colour: Literal["red", "blue"] = "red"


class Round(Shape):
    """Common settings of two methods, and no method itself."""

    radius: PositiveInt = 1


class Circle(Round):
    """A method."""

    form: Literal["circle"] = "circle"


class Sphere(Round):
    """A method."""

    form: Literal["sphere"] = "sphere"
    gloss: bool = False


class Square(Shape):
    """A method."""

    form: Literal["square"] = "square"
    side: PositiveInt


class Drawing(Spec):
    """Chooses in every way there is."""

    any_shape: Annotated[Shape, OneOf()] = Circle()
    shape: Annotated[Shape, OneOf(default="circle")] = Circle()
    more: Annotated[Mapping[str, Shape], AnyOf()] = Field(default_factory=dict)
    pens: list[Annotated[str, Among(("thin", "thick"))]] = Field(default_factory=list)


def test_to_be_defined_is_to_be_registered() -> None:
    assert Shape.registered() == {"circle": Circle, "sphere": Sphere, "square": Square}
    assert Round.registered() == {"circle": Circle, "sphere": Sphere}
    assert [each.tag() for each in (Shape, Round, Circle)] == [None, None, "circle"]


def test_a_choice_is_made_by_its_tag() -> None:
    found = parse(Drawing, {"any_shape": {"form": "square", "side": 3}, "shape": {"form": "sphere"}}, "here")
    assert found.any_shape == Square(side=3)
    assert found.shape == Sphere()


def test_without_a_tag_the_default_is_meant_where_there_is_one() -> None:
    assert parse(Drawing, {"shape": {"radius": 4}}, "here").shape == Circle(radius=4)
    with pytest.raises(SettingsError, match="any_shape: unable to extract tag using discriminator 'form'"):
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
        ({"shape": {"form": "cube"}}, r"\n  shape: input tag 'cube' found .* 'circle', 'sphere', 'square'"),
        ({"shape": {"radius": 0}}, r"\n  shape\.radius: input should be greater than 0 \(found 0\)"),
        ({"shape": {"form": "circle", "corners": 4}}, r"\n  shape\.corners: unknown key"),
        ({"shape": {"side": 4}}, r"\n  shape: side: only form square has it, found circle"),
        ({"any_shape": {"form": "square", "radius": 4}}, r"\n  any_shape: radius: only form circle, sphere has it"),
        ({"any_shape": {"form": "square"}}, r"\n  any_shape\.side: missing; it has no default"),
        ({"more": {"cube": {}}}, r"\n  more\.cube: unknown key"),
        ({"more": {"square": {}}}, r"\n  more\.square\.side: missing"),
        ({"pens": ["thin", "broad"]}, r"\n  pens\.1: input should be 'thin' or 'thick' \(found 'broad'\)"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse(Drawing, settings, "here")


def test_code_is_imported_when_it_is_asked_for() -> None:
    assert load("augment.core.methods:Method") is Method
