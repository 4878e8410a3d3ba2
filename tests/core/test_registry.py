"""Methods that register themselves, in a package made up for the test."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import ValidationError

from augment.core.errors import SettingsError
from augment.core.registry import Choice, OneOf, Registry
from augment.core.specs import Spec

FRUIT = '''
"""Fruit."""
from typing import Literal
from augment.core.specs import Spec
from {package}_registry import FRUITS


@FRUITS.register
class {name}(Spec):
    """A fruit."""

    kind: Literal["{kind}"]
    ripe: bool = True
'''


@pytest.fixture
def fruits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[type[Spec]]]:
    """A registry whose package has two files; they are found, not listed."""
    registry: Registry[type[Spec]] = Registry("fruit", "orchard")
    (tmp_path / "orchard").mkdir()
    (tmp_path / "orchard" / "__init__.py").write_text('"""Fruits."""\n')
    for name in ("Pear", "Apple"):
        text = FRUIT.format(package="orchard", name=name, kind=name.lower())
        (tmp_path / "orchard" / f"{name.lower()}.py").write_text(text)
    module = type(sys)("orchard_registry")
    module.__dict__["FRUITS"] = registry
    monkeypatch.setitem(sys.modules, "orchard_registry", module)
    monkeypatch.syspath_prepend(tmp_path)
    yield registry
    for name in [name for name in sys.modules if name.split(".")[0] == "orchard"]:
        del sys.modules[name]


def test_a_file_in_the_package_is_all_that_a_method_needs(fruits: Registry[type[Spec]]) -> None:
    assert list(fruits) == ["apple", "pear"]
    assert fruits["pear"].__name__ == "Pear"


def test_an_unknown_name_is_told_with_those_that_exist(fruits: Registry[type[Spec]]) -> None:
    with pytest.raises(SettingsError, match=r"^unknown fruit 'plum'; expected one of apple, pear$"):
        fruits["plum"]


def test_a_field_takes_any_spec_of_the_registry_by_its_kind(fruits: Registry[type[Spec]]) -> None:
    class Basket(Spec):
        fruit: Annotated[Spec, OneOf(fruits)]

    basket = Basket.model_validate({"fruit": {"kind": "pear", "ripe": False}})
    assert type(basket.fruit).__name__ == "Pear"
    assert basket.model_dump() == {"fruit": {"kind": "pear", "ripe": False}}
    with pytest.raises(ValidationError, match=r"'plum' found using 'kind' does not match any .* 'apple', 'pear'"):
        Basket.model_validate({"fruit": {"kind": "plum"}})


def test_a_field_takes_any_name_of_the_registry(fruits: Registry[type[Spec]]) -> None:
    class Basket(Spec):
        fruit: Annotated[str, Choice(fruits)]

    assert Basket(fruit="apple").fruit == "apple"
    with pytest.raises(ValidationError, match="should be 'apple' or 'pear'"):
        Basket(fruit="plum")


def test_a_registry_of_one_needs_no_choice(fruits: Registry[type[Spec]], tmp_path: Path) -> None:
    (tmp_path / "orchard" / "pear.py").unlink()

    class Basket(Spec):
        fruit: Annotated[Spec, OneOf(fruits)]

    assert Basket.model_validate({"fruit": {"kind": "apple"}}).fruit.model_dump() == {"kind": "apple", "ripe": True}


class Plum(Spec):
    """A plum."""

    kind: Literal["plum"]


class OtherPlum(Spec):
    """Another."""

    kind: Literal["plum"]


class NoFruit(Spec):
    kind: str


def test_a_name_that_is_taken_or_a_method_that_nobody_explains_is_a_bug() -> None:
    registry: Registry[object] = Registry("fruit", "tests")
    registry.register(Plum)
    registry.register(Plum)  # a module imported again
    with pytest.raises(TypeError, match="fruit plum is there twice"):
        registry.register(OtherPlum)
    with pytest.raises(TypeError, match=r"NoFruit\.kind: expected a Literal of one name"):
        registry.register(NoFruit)

    def fig() -> None: ...

    with pytest.raises(TypeError, match="fruit fig has no docstring"):
        registry.register(fig)
