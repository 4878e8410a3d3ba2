"""All of ``params.yaml``, validated as a whole. Only the command line reads it; stages get their sections."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from augment.assessment.gate import GateSpec
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec, is_frozen
from augment.classifier.unlabelled_spec import FixMatch
from augment.core.endpoints import VerdictSpec
from augment.core.errors import SettingsError
from augment.core.registry import OneOf
from augment.core.settings_block import Name, Names, Spec, parse
from augment.core.settings_file import load_yaml
from augment.datasets.raw import SourceSpec
from augment.datasets.split_spec import ScarcitySpec, SplitSpec
from augment.merging.mix_spec import REAL, AutoMixSpec, MixSpec
from augment.runtime.runtime_spec import RuntimeSpec
from augment.synthesis.base.drawing_spec import SynthesisSpec
from augment.synthesis.base.methods import FAMILIES, SynthesizerSpec
from augment.synthesis.training.checkpoint_spec import CheckpointSpec


class DatasetSpec(Spec):
    """One dataset and everything done with it."""

    source: SourceSpec
    split: SplitSpec
    scarcity: ScarcitySpec
    synthesizers: dict[Name, Annotated[SynthesizerSpec, OneOf()]]
    synthesis: SynthesisSpec
    classifier: ClassifierSpec


class ArmsSpec(Spec):
    """The arms: every training set with every recipe. The first recipe on real images is the reference."""

    train_sets: Names
    recipes: Annotated[dict[Name, RecipeSpec], Field(min_length=1)]


class Settings(Spec):
    """The whole of ``params.yaml``. What ``dvc.yaml`` names has no default: DVC wants to find it in the file."""

    seed: Annotated[int, Field(ge=0)]
    seeds: Annotated[int, Field(ge=2, description="an interval needs at least two runs")]
    runtime: RuntimeSpec
    checkpoints: CheckpointSpec = CheckpointSpec()
    synthesizers: dict[str, list[Name]]
    datasets: Annotated[dict[Name, DatasetSpec], Field(min_length=1)]
    gate: GateSpec
    verdict: VerdictSpec
    mixes: dict[Name, MixSpec]
    auto_mixes: dict[Name, AutoMixSpec]
    tuned: dict[Name, dict[Literal["synthesizer", "recipe", "mix"], PositiveInt]]
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

    @model_validator(mode="before")
    @classmethod
    def _synthesizers_by_family(cls, data: Any) -> Any:
        """Tell who lists synthesizers without families what to write: only by family can DVC tell their code apart."""
        if isinstance(data, dict) and isinstance(data.get("synthesizers"), list):
            raise ValueError(
                f"synthesizers: expected a list for each family, found one list; write\n"
                f"  synthesizers: {_by_family(data['synthesizers'], data.get('datasets'))}"
            )
        return data

    @model_validator(mode="after")
    def _every_family_is_listed(self) -> Self:
        _expect_known("synthesizers", list(self.synthesizers), list(FAMILIES))
        missing = [family for family in FAMILIES if family not in self.synthesizers]
        if missing:  # DVC would stop, and say less
            raise ValueError(f"synthesizers.{missing[0]}: missing; expected a list, which may be empty: []")
        names = self.synthesizer_names()
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"synthesizers: {', '.join(twice)} more than once; expected each name once")
        if not names:
            raise ValueError("synthesizers: expected at least one name, found none in any family")
        return self

    @model_validator(mode="after")
    def _mixes_name_what_exists(self) -> Self:
        names = self.synthesizer_names()
        for name, mix in self.mixes.items():
            _expect_known(f"mixes.{name}.synthesizer", [mix.synthesizer], names)
        for name, auto in self.auto_mixes.items():
            _expect_known(f"auto_mixes.{name}.synthesizer", [auto.synthesizer], names)
            _expect_known(f"auto_mixes.{name}.recipe", [auto.recipe], list(self.arms.recipes))
        return self

    @model_validator(mode="after")
    def _images_without_labels_are_of_use(self) -> Self:
        learning = {name: recipe.unlabelled for name, recipe in self.arms.recipes.items() if recipe.unlabelled}
        for name, auto in self.auto_mixes.items():
            if auto.recipe in learning:
                raise ValueError(
                    f"auto_mixes.{name}.recipe: {auto.recipe} learns from images without labels, which only arms do; "
                    "expected a recipe without `unlabelled`"
                )
        frozen = [name for name, dataset in self.datasets.items() if is_frozen(dataset.classifier)]
        for recipe in [name for name, method in learning.items() if isinstance(method, FixMatch)] if frozen else []:
            raise ValueError(
                f"arms.recipes.{recipe}.unlabelled: fixmatch changes images at every step, and the classifier of "
                f"{frozen[0]} is frozen, so that features are computed once; expected self_training, or mode finetune"
            )
        return self

    @model_validator(mode="after")
    def _datasets_say_how(self) -> Self:
        for name, dataset in self.datasets.items():
            key = f"datasets.{name}.synthesizers"
            missing = [each for each in self.synthesizer_names() if each not in dataset.synthesizers]
            if missing:
                raise ValueError(f"{key}: missing {', '.join(missing)}, which synthesizers lists")
            for family, listed in self.synthesizers.items():
                for each in listed:
                    spec = dataset.synthesizers[each]
                    if spec.family() != family:
                        raise ValueError(
                            f"{key}.{each}: {spec.tag()} is of family {spec.family()}, but {each} is listed under "
                            f"synthesizers.{family}; expected it under synthesizers.{spec.family()}"
                        )
        return self

    @model_validator(mode="after")
    def _each_run_has_a_generator(self) -> Self:
        for name, dataset in self.datasets.items():
            for each in self.synthesizer_names():
                count = dataset.synthesizers[each].generators
                if count not in (1, self.seeds):
                    raise ValueError(
                        f"datasets.{name}.synthesizers.{each}.generators: expected 1, or one a run ({self.seeds}, as "
                        f"seeds says), found {count}"
                    )
        return self

    @model_validator(mode="after")
    def _searches_are_of_datasets_that_exist(self) -> Self:
        _expect_known("tuned", list(self.tuned), list(self.datasets))
        return self

    def synthesizer_names(self) -> list[str]:
        """List the synthesizers of all families, which must all be there."""
        return [name for family in FAMILIES for name in self.synthesizers[family]]

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


WRITE = {
    "seed": "0",
    "seeds": "5",
    "runtime": "{device: auto, precision: portable, threads: 1}",
    "synthesizers": "{gan: [gan], vae: [], classical: [smote]}",
    "gate": "{label_fidelity: 0.5, coverage: 0.3, recall: 0.1, diversity: 0.4}",
    "verdict": "{endpoint: accuracy}",
    "mixes": "{merged: {synthesizer: gan, fill: largest}}",
    "auto_mixes": "{}",
    "tuned": "{}",
    "arms": "{train_sets: [real, merged], recipes: {plain: {transforms: none, sampling: natural}}}",
}
"""What to write where a key is missing, as it is in a ``params.yaml`` of an older version."""


def load_settings(path: Path) -> Settings:
    """Read and validate ``params.yaml``.

    Raises:
        SettingsError: The file is missing, is not YAML, or holds a key twice, an unknown key or an unfit value; or it
            lacks a key, for which the message says what to write.
    """
    given = load_yaml(path)
    try:
        return parse(Settings, given, str(path))
    except SettingsError as error:
        missing = [f"    {key}: {text}" for key, text in WRITE.items() if isinstance(given, dict) and key not in given]
        if not missing:
            raise
        told = "A params.yaml of an older version lacks keys that came later. Write, for example:"
        raise SettingsError("\n".join([f"{error}\n  {told}", *missing])) from error


def _expect_known(key: str, names: list[str], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{key}: unknown {', '.join(unknown)}; expected some of {', '.join(known)}")


def _by_family(names: list[Any], datasets: Any) -> str:
    """Write a plain list of synthesizers as it should be, by the kinds that any dataset gives them."""

    def below(block: Any, *keys: str) -> Any:  # what stands there has not been validated
        for key in keys:
            block = block.get(key) if isinstance(block, dict) else None
        return block if isinstance(block, dict) else {}

    kinds = {
        name: str(spec.get("kind"))
        for dataset in below({"datasets": datasets}, "datasets").values()
        for name, spec in below(dataset, "synthesizers").items()
        if isinstance(spec, dict)
    }
    methods = SynthesizerSpec.registered()
    known = {name: methods[kind].family() for name, kind in kinds.items() if kind in methods}
    lists = ", ".join(
        f"{family}: [{', '.join(str(name) for name in names if known.get(name) == family)}]" for family in FAMILIES
    )
    return f"{{{lists}}}"
