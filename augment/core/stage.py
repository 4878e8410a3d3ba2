"""What a pipeline stage is: a function, and the settings sections it is given.

A stage sees nothing of ``params.yaml`` but the sections it declares, so that the ``params:`` of its entry in
``dvc.yaml`` can be held against the declaration. Its other arguments come from the command line: coordinates
(``dataset``, ``recipe``, … : strings that also fill the blanks of keys and paths), paths and path patterns.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from augment.core.errors import LeftOutError, SettingsError
from augment.core.paths import PathPattern
from augment.core.store import write_left_out


class Unversioned(str):
    """Key of a section that changes no output: ``dvc.yaml`` does not list it, and a change of it reruns nothing."""

    __slots__ = ()


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        run: Reads its inputs, calls pure functions, writes its outputs.
        sections: Argument name → key in ``params.yaml``, e.g. ``split`` → ``datasets.{dataset}.split``; those that are
            `Unversioned` stand in no ``params:``.
        makes: The arguments that name what the stage makes, containers, models or JSON files, where that may turn out
            to be impossible.
    """

    run: Callable[..., None]
    sections: dict[str, str]
    makes: tuple[str, ...] = ()

    def carry_out(self, **arguments: Any) -> None:
        """Run the stage; where it cannot make what it is to make, say why in its place.

        Raises:
            LeftOutError: The same, from a stage that does not expect it.
        """
        try:
            self.run(**arguments)
        except LeftOutError as left_out:
            if not self.makes:
                raise
            for name in self.makes:
                write_left_out(arguments[name], left_out.reasons)
                print(f"{arguments[name]}: left out, as it cannot be made of these data:\n{left_out}")

    @property
    def options(self) -> dict[str, type]:
        """The arguments that the command line fills: name → ``str``, ``Path`` or ``PathPattern``."""
        hints = get_type_hints(self.run)
        options = {name: hint for name, hint in hints.items() if name not in (*self.sections, "return")}
        unfit = [name for name, hint in options.items() if hint not in (str, Path, PathPattern)]
        if unfit:
            raise TypeError(f"{self.run.__module__}: {unfit} are neither settings sections nor paths")
        return options

    @property
    def coordinates(self) -> list[str]:
        """The arguments that say which of its kind a stage is, in the order of its matrix in ``dvc.yaml``."""
        return [name for name, kind in self.options.items() if kind is str]

    def arguments(self, address: str, paths: Mapping[str, str]) -> dict[str, Any]:
        """Take the coordinates from DVC's address of the stage, and fill them into the blanks of its paths.

        So no name from ``params.yaml`` is ever part of what a shell reads: DVC hands the address over in the
        environment of the command, as ``DVC_STAGE``.

        Args:
            address: E.g. ``train_classifier@digits-real-plain``.
            paths: Argument name → path with blanks, as ``dvc.yaml`` writes it.

        Raises:
            SettingsError: The address has not as many coordinates as the stage.
            KeyError: A path has a blank that is no coordinate.
        """
        names = self.coordinates
        values = address.rpartition("@")[2].split("-") if names else []
        if len(values) != len(names):
            raise SettingsError(f"--stage {address}: expected NAME@{'-'.join(names).upper()}, as DVC names a stage")
        found = dict(zip(names, values, strict=True))
        filled = {name: PathPattern(text).within(**found) for name, text in paths.items()}
        return found | {name: each if self.options[name] is PathPattern else each.at() for name, each in filled.items()}


def stage(*, makes: tuple[str, ...] = (), **sections: str) -> Callable[[Callable[..., None]], Stage]:
    """Declare a function to be a stage; ``sections`` says which settings it receives under which argument.

    What it reads may have been left out, or what it is to make be impossible: a `LeftOutError` then goes on, from
    stage to stage, to the comparison, if ``makes`` says at which of its paths the reasons are put.
    """

    def declare(run: Callable[..., Any]) -> Stage:
        return Stage(run, sections, makes)

    return declare
