"""A project on disk: its settings, and where its graph puts things. Paths are read from ``dvc.yaml``, as they stand."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from augment.core.errors import ContainerError, SettingsError
from augment.core.images import REAL
from augment.core.paths import PathPattern
from augment.core.settings_file import load_yaml
from augment.core.store import require_made
from augment.settings import Settings, load_settings

PARAMS, GRAPH = "params.yaml", "dvc.yaml"
PRODUCT = "product"


@dataclass(frozen=True)
class Project:
    """A project whose run may be finished.

    Attributes:
        root: Its folder.
        settings: All of its settings.
        options: Stage → option → path, with blanks.
    """

    root: Path
    settings: Settings
    options: Mapping[str, Mapping[str, PathPattern]]

    def place(self, stage: str, option: str, **names: str) -> Path:
        """Say where a stage has something, whether it is there or not."""
        return self.root / self.options[stage][option].at(**names)

    def made(self, stage: str, option: str, **names: str) -> Path:
        """Say where something is that a stage has made.

        Raises:
            SettingsError: There is no such dataset.
            ContainerError: It is not there.
            LeftOutError: It could not be made.
        """
        self.require_dataset(names["dataset"])
        path = self.place(stage, option, **names)
        if not path.exists():
            raise ContainerError(f"{path}: not there yet; run dvc repro first, or dvc pull where another machine did")
        require_made(path)
        return path

    def require_dataset(self, name: str) -> None:
        """Refuse a dataset that the settings do not have.

        Raises:
            SettingsError: The message lists those that there are.
        """
        require_one_of("dataset", name, list(self.settings.datasets))

    def parts(self) -> dict[str, tuple[str, str, dict[str, str]]]:
        """List the image sets of a dataset by name: the stage that makes it, which of its outputs, further blanks."""
        settings = self.settings
        found: dict[str, tuple[str, str, dict[str, str]]] = {PRODUCT: ("product", "product", {})}
        found |= {REAL: ("prepare", "train", {})}
        found |= {name: ("prepare", name, {}) for name in ("val", "test")}
        found |= {name: ("merge", "merged", {"mix": name}) for name in settings.mixes if name not in found}
        found |= {name: ("merge_auto", "merged", {"mix": name}) for name in settings.auto_mixes if name not in found}
        for family, names in settings.synthesizers.items():
            drawn = {name: (f"synthesize_{family}", "synthetic", {"synthesizer": name}) for name in names}
            found |= {name: where for name, where in drawn.items() if name not in found}
        return found

    def family(self, synthesizer: str) -> str:
        """Name the family of a synthesizer, which its stages are named after.

        Raises:
            SettingsError: There is no such synthesizer.
        """
        require_one_of("synthesizer", synthesizer, self.settings.synthesizer_names())
        return next(family for family, names in self.settings.synthesizers.items() if synthesizer in names)


def open_project(root: Path) -> Project:
    """Read settings and graph of the project in a folder.

    Raises:
        SettingsError: One of the two files is missing or unfit.
    """
    settings = load_settings(root / PARAMS)
    graph = load_yaml(root / GRAPH)
    stages = graph.get("stages", {}) if isinstance(graph, dict) else {}
    commands = {name: shlex.split(stage["cmd"]) for name, stage in stages.items()}
    return Project(root, settings, {name: _options(command) for name, command in commands.items()})


def require_one_of(what: str, name: str, known: list[str]) -> None:
    """Refuse a name that is none of those known.

    Raises:
        SettingsError: The message lists them.
    """
    if name not in known:
        raise SettingsError(f"unknown {what} {name!r}; expected one of {', '.join(known)}")


def _options(command: list[str]) -> dict[str, PathPattern]:
    return {
        first.removeprefix("--"): PathPattern(second) for first, second in pairwise(command) if first.startswith("--")
    }
