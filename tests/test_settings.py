from pathlib import Path
from typing import Any

import pytest
import yaml

from augment.core.errors import SettingsError
from augment.core.settings_block import parse
from augment.settings import WRITE, Settings, load_settings

PROJECT = Path(__file__).parents[1]
AUTO: dict[str, Any] = {"synthesizer": "gan", "recipe": "plain"}


def with_change(tmp_path: Path, key: str, value: Any) -> Path:
    """Copy the project's params.yaml with one dotted key set to ``value``."""
    data = yaml.safe_load((PROJECT / "params.yaml").read_text())
    *parents, last = key.split(".")
    place = data
    for parent in parents:
        place = place[parent]
    place[last] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def test_the_projects_own_settings_are_valid() -> None:
    settings = load_settings(PROJECT / "params.yaml")
    assert settings.section("datasets.digits.source").kind == "sklearn_digits"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("seedz", 3, "seedz: unknown key"),
        ("datasets.digits.synthesizers.gan.stepz", 3, r"\n  datasets\.digits\.synthesizers\.gan\.stepz: unknown key"),
        ("datasets.digits.synthesizers.gan.steps", "many", r"gan\.steps: input should be a valid integer"),
        ("datasets.digits.synthesizers.gan.steps", -1, r"gan\.steps: input should be greater than 0 \(found -1\)"),
        (
            "datasets.digits.source",
            {"kind": "web"},
            "datasets.digits.source.kind: unknown 'web'; expected one of .*sklearn_digits",
        ),
        ("datasets.digits.split.test", 1.5, "less than 1"),
        (
            "datasets.digits.scarcity",
            {"kind": "long_tail", "head": 5, "tail": 9},
            r"\n  datasets\.digits\.scarcity: head must be larger than tail",
        ),
        ("datasets", {}, "datasets: dictionary should have at least 1 item"),
        ("datasets", {"My-Digits": {}}, "should match pattern"),
        (
            "arms.train_sets",
            ["real", "mergd"],
            "arms.train_sets: unknown mergd; expected some of real, control, merged, synthetic",
        ),
        ("arms.train_sets", ["merged"], r"\n  arms\.train_sets: real is missing"),
        ("tuned", {"digts": {"recipe": 3}}, r"\n  tuned: unknown digts; expected some of digits"),
        (
            "arms.train_sets",
            ["real", "merged", "real"],
            r"\n  arms\.train_sets: real more than once; expected each name once \(found \['real', 'merged', ",
        ),
        (
            "synthesizers",
            {"gan": ["gan"], "vae": ["gan"], "classical": []},
            r"\n  synthesizers: gan more than once; expected each name once",
        ),
        (
            "synthesizers",
            ["gan", "smote"],
            r"\n  synthesizers: expected a list for each family, found one list; write\n"
            r"  synthesizers: \{gan: \[gan\], vae: \[\], classical: \[smote\]\}",
        ),
        (
            "synthesizers",
            {"gan": ["gan"]},
            r"\n  synthesizers\.vae: missing; expected a list, which may be empty: \[\]",
        ),
        (
            "synthesizers",
            {"gan": [], "vae": [], "classical": [], "diffusion": []},
            r"\n  synthesizers: unknown diffusion; expected some of gan, vae, classical",
        ),
        ("synthesizers", {"gan": [], "vae": [], "classical": []}, r"\n  synthesizers: expected at least one name"),
        (
            "synthesizers",
            {"gan": ["gan", "smote"], "vae": [], "classical": []},
            r"\n  datasets\.digits\.synthesizers\.smote: smote is of family classical, but smote is listed under "
            r"synthesizers\.gan; expected it under synthesizers\.classical",
        ),
        (
            "arms.recipes.plain.transforms",
            "wild",
            r"transforms: input should be .*'mild', 'none', .* \(found 'wild'\)",
        ),
        ("mixes.real", {"synthesizer": "gan", "share": 0.5}, "mixes: real already exists"),
        ("mixes.merged.share", 1.5, r"mixes\.merged\.share: input should be less than or equal to 1"),
        ("mixes.merged.synthesizer", "gann", r"mixes\.merged\.synthesizer: unknown gann; expected some of gan, smote"),
        ("mixes.merged.share", 0.5, r"mixes\.merged: expected one of share and fill"),
        ("mixes.merged", {"synthesizer": "gan"}, r"mixes\.merged: expected one of share and fill"),
        ("mixes.synthetic.weight", 0.5, "weight: at share 1 there is no real image to weigh against"),
        ("mixes.merged.filter", {"agre": True}, r"filter\.agre: unknown key"),
        ("auto_mixes.merged", AUTO, "auto_mixes: merged already exists"),
        (
            "auto_mixes",
            dict.fromkeys(["synthetic", "best", "real", "merged", "control"], AUTO),
            "auto_mixes: control, merged, real, synthetic already exists; expected another name",
        ),
        ("auto_mixes.best", AUTO | {"shares": [0.25, 0.5]}, "shares: expected 0 and other shares, each once"),
        ("auto_mixes.best", AUTO | {"shares": [0.0, 0.5, 0.5]}, "shares: expected 0 and other shares, each once"),
        (
            "auto_mixes.best",
            AUTO | {"recipe": "plane"},
            r"auto_mixes\.best\.recipe: unknown plane; expected some of balanced, balanced_classical, classical, plain",
        ),
        ("auto_mixes.best", AUTO | {"synthesizer": "gann"}, r"auto_mixes\.best\.synthesizer: unknown gann"),
        ("auto_mixes.best", AUTO | {"runs": 1}, r"runs: input should be greater than or equal to 2"),
        (
            "synthesizers",
            {"gan": ["gan"], "vae": ["vae"], "classical": ["smote"]},
            r"digits\.synthesizers: missing vae, which synthesizers lists",
        ),
        (
            "datasets.digits.synthesizers.gan",
            {"kind": "diffusion"},
            "gan.kind: unknown 'diffusion'; expected one of gan, .*vae",
        ),
        (
            "datasets.digits.synthesizers.gan.network",
            {"attention": True},
            "attention: only architecture resnet has it, found compact",
        ),
        (
            "datasets.digits.synthesizers.gan.loss",
            {"kind": "hinge", "label_smoothing": 0.1},
            r"synthesizers\.gan\.loss: label_smoothing: only kind non_saturating has it, found hinge",
        ),
        (
            "datasets.digits.synthesizers.gan.conditioning",
            {"generator": "concat", "transition": {"begin": 0.1, "end": 0.2}},
            "transition: a concatenated label cannot be faded in",
        ),
        (
            "datasets.digits.synthesizers.gan.regularisers",
            {"r2": {"weight": 1.0}},
            r"\n  datasets\.digits\.synthesizers\.gan\.regularisers\.r2: unknown key",
        ),
        (
            "datasets.digits.synthesizers.gan",
            {"kind": "vae", "steps": 9, "network": {"spectral_norm": True}},
            r"gan\.network\.spectral_norm: unknown key",
        ),
        (
            "datasets.digits.synthesizers.gan",
            {"kind": "vae", "steps": 9, "discriminator": {"dropout": 0.5}},
            r"synthesizers\.gan: discriminator: only kind gan, translator has it, found vae",
        ),
        ("seeds", 1, "seeds: input should be greater than or equal to 2"),
        (
            "datasets.digits.synthesizers.gan.generators",
            3,
            r"datasets\.digits\.synthesizers\.gan\.generators: expected 1, or one a run \(5, as seeds says\), found 3",
        ),
        ("datasets.digits.synthesizers.gan", {"kind": "gan", "steps": 1, "generators": 5, "devices": 2}, "one process"),
        ("runtime.device", "tpu", "runtime.device: input should be 'auto', 'cpu' or 'cuda'"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(tmp_path: Path, key: str, value: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(with_change(tmp_path, key, value))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("datasets.digits.synthesizers.gan.watch", "watch is called monitor now"),
        ("runtime.devices", "devices is called devices of a synthesizer now"),
        ("runtime.checkpoint_every_s", "checkpoint_every_s is called every_s, in a block checkpoints of its own, now"),
    ],
)
def test_keys_of_older_settings_say_where_they_are_now(tmp_path: Path, key: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(with_change(tmp_path, key, 3))


@pytest.mark.parametrize("key", WRITE)
def test_a_key_that_an_older_file_lacks_is_told_with_what_to_write(tmp_path: Path, key: str) -> None:
    path = tmp_path / "params.yaml"
    data = yaml.safe_load((PROJECT / "params.yaml").read_text())
    del data[key]
    path.write_text(yaml.safe_dump(data | {"seedz": 1}))
    with pytest.raises(SettingsError) as error:
        load_settings(path)
    said = str(error.value)
    assert f"  {key}: missing; it has no default\n" in said
    assert "  seedz: unknown key" in said
    assert said.endswith(f"Write, for example:\n    {key}: {WRITE[key]}")


def test_what_is_to_be_written_are_settings(tmp_path: Path) -> None:
    required = {name for name, field in Settings.model_fields.items() if field.is_required()}
    assert {*WRITE} == required - {"datasets"}
    path = tmp_path / "params.yaml"
    datasets = yaml.safe_load((PROJECT / "params.yaml").read_text())["datasets"]
    written = "".join(f"{key}: {text}\n" for key, text in WRITE.items())
    path.write_text(written + yaml.safe_dump({"datasets": datasets}))
    assert load_settings(path).gate == load_settings(PROJECT / "params.yaml").gate
    path.write_text("seed: 0\nmixes: {}\n")
    with pytest.raises(SettingsError, match=r"(?s)problems:.*Write, for example:\n    seeds: 5\n    runtime: "):
        load_settings(path)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="expected the settings here, found no file"):
        load_settings(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_settings(tmp_path / "params.yaml")


def test_an_unknown_section_is_named_with_what_exists() -> None:
    settings = load_settings(PROJECT / "params.yaml")
    with pytest.raises(SettingsError, match="unknown 'digitz' in datasets; expected one of digits"):
        settings.section("datasets.digitz.synthesizers.gan")


def test_the_flows_own_block_is_left_to_the_flow(tmp_path: Path) -> None:
    assert load_settings(with_change(tmp_path, "flow", {"jobs": 2})).flow == {"jobs": 2}


LEARNING = {"transforms": "mild", "sampling": "natural", "unlabelled": {"kind": "fixmatch"}}


def test_recipes_with_images_without_labels_are_for_arms_and_for_networks_that_are_trained() -> None:
    plain: Any = yaml.safe_load((PROJECT / "params.yaml").read_text())
    plain["arms"]["recipes"]["learning"] = LEARNING
    parse(Settings, plain, "params.yaml")
    with pytest.raises(SettingsError, match=r"auto_mixes\.best\.recipe: learning learns from images without labels"):
        parse(Settings, plain | {"auto_mixes": {"best": AUTO | {"recipe": "learning"}}}, "params.yaml")
    frozen = {"backbone": "pretrained", "pretrained": {"model": "resnet18"}}
    plain["datasets"]["digits"]["classifier"] = frozen
    with pytest.raises(SettingsError, match=r"arms\.recipes\.learning\.unlabelled: fixmatch changes images at every s"):
        parse(Settings, plain, "params.yaml")
    plain["arms"]["recipes"]["learning"] = LEARNING | {"unlabelled": {"kind": "self_training"}}
    parse(Settings, plain, "params.yaml")
