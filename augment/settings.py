"""All of ``params.yaml``, validated as a whole. Only the command line reads it; stages get their sections."""

from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, model_validator

from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.core.errors import SettingsError
from augment.core.specs import Name, Names, Spec, parse
from augment.datasets.specs import ScarcitySpec, SourceSpec, SplitSpec
from augment.merging.specs import REAL, AutoMixSpec, MixSpec
from augment.quality.specs import GateSpec
from augment.runtime.specs import RuntimeSpec
from augment.synthesis.specs import SynthesisSpec, SynthesizerSpec


class DatasetSpec(Spec):
    """One dataset and everything done with it."""

    source: SourceSpec
    split: SplitSpec
    scarcity: ScarcitySpec
    synthesizers: dict[Name, SynthesizerSpec]
    synthesis: SynthesisSpec
    classifier: ClassifierSpec


class ArmsSpec(Spec):
    """The arms: every training set with every recipe. The first recipe on real images is the reference."""

    train_sets: Names
    recipes: Annotated[dict[Name, RecipeSpec], Field(min_length=1)]


class Settings(Spec):
    """The whole of ``params.yaml``."""

    seed: Annotated[int, Field(ge=0)]
    seeds: Annotated[int, Field(ge=2, description="an interval needs at least two runs")]
    runtime: RuntimeSpec
    synthesizers: Names
    datasets: Annotated[dict[Name, DatasetSpec], Field(min_length=1)]
    gate: GateSpec = GateSpec()
    mixes: dict[Name, MixSpec]
    auto_mixes: dict[Name, AutoMixSpec] = Field(default_factory=dict)
    arms: ArmsSpec
    flow: dict[str, Any] = Field(default_factory=dict)  # pipelines/ reads and validates its own block

    @model_validator(mode="after")
    def _train_sets_exist(self) -> Self:
        _expect_known("arms.train_sets", self.arms.train_sets, [REAL, *self.mixes, *self.auto_mixes])
        if REAL not in self.arms.train_sets:
            raise ValueError("arms.train_sets: real is missing; without it there is nothing to compare with")
        return self

    @model_validator(mode="after")
    def _train_sets_have_names_of_their_own(self) -> Self:
        for block, taken in (("mixes", {REAL}), ("auto_mixes", {REAL, *self.mixes})):
            twice = sorted(taken & set(getattr(self, block)))
            if twice:
                raise ValueError(f"{block}: {', '.join(twice)} already exists; expected another name")
        return self

    @model_validator(mode="after")
    def _mixes_name_what_exists(self) -> Self:
        for name, mix in self.mixes.items():
            _expect_known(f"mixes.{name}.synthesizer", [mix.synthesizer], self.synthesizers)
        for name, auto in self.auto_mixes.items():
            _expect_known(f"auto_mixes.{name}.synthesizer", [auto.synthesizer], self.synthesizers)
            _expect_known(f"auto_mixes.{name}.recipe", [auto.recipe], list(self.arms.recipes))
        for name, dataset in self.datasets.items():
            missing = [each for each in self.synthesizers if each not in dataset.synthesizers]
            if missing:
                raise ValueError(
                    f"datasets.{name}.synthesizers: missing {', '.join(missing)}, which synthesizers lists"
                )
        return self

    def section(self, key: str) -> Any:
        """Look up a dotted key, e.g. ``datasets.digits.synthesizers.gan``.

        Raises:
            SettingsError: A part of the key does not exist; the message lists what does.
        """
        value: Any = self
        for depth, part in enumerate(key.split(".")):
            children = value if isinstance(value, dict) else dict(value)
            if part not in children:
                where = ".".join(key.split(".")[:depth]) or "the top level"
                raise SettingsError(f"params.yaml: unknown {part!r} in {where}; expected one of {', '.join(children)}")
            value = children[part]
        return value


def load_settings(path: Path) -> Settings:
    """Read and validate ``params.yaml``.

    Raises:
        SettingsError: The file is missing, is not YAML, or holds an unknown key or an unfit value.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(
            f"{path}: expected the settings here, found no file; run from the project's top folder"
        ) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not valid YAML: {error}") from error
    return parse(Settings, data, str(path))


def _expect_known(key: str, names: list[str], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{key}: unknown {', '.join(unknown)}; expected some of {', '.join(known)}")
