"""Weights that are not to be had, and what is said then."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import load_file, save

from augment.classifier.classifier_spec import PretrainedSpec
from augment.classifier.trunks import build_trunk, trunk_weights
from augment.core.errors import ContainerError, SettingsError


def named(folder: Path, content: bytes) -> Path:
    """Write a file under the name that its content asks for."""
    path = folder / f"mine-{hashlib.sha256(content).hexdigest()[:8]}.safetensors"
    path.write_bytes(content)
    return path


def spec_of(path: Path | None = None, model: str = "tf_efficientnet_lite0") -> PretrainedSpec:
    return PretrainedSpec(model=model, weights=None if path is None else str(path))


def test_weights_of_a_file_are_those_of_the_trunk(weights: Path) -> None:
    found, there = trunk_weights(spec_of(weights)), load_file(weights)
    assert set(there) - set(found) == {"classifier.weight", "classifier.bias"}
    assert all(torch.equal(found[key], there[key]) for key in found)
    build_trunk(spec_of(weights)).load_state_dict(found)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"classifier\.pretrained\.weights: expected a file .*-00000000"):
        trunk_weights(spec_of(tmp_path / "mine-00000000.safetensors"))


def test_another_file_than_its_name_says_is_refused(tmp_path: Path, weights: Path) -> None:
    other = tmp_path / "mine-00000000.safetensors"
    other.write_bytes(weights.read_bytes())
    digest = weights.stem[-8:]
    with pytest.raises(ContainerError, match=f"of which its name gives the SHA-256, found {digest}…"):
        trunk_weights(spec_of(other))


def test_a_pickle_under_the_name_of_safetensors_is_refused(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "x")
    with pytest.raises(ContainerError, match="expected safetensors"):
        trunk_weights(spec_of(named(tmp_path, (tmp_path / "x").read_bytes())))


def test_weights_of_another_network_are_refused(tmp_path: Path, weights: Path) -> None:
    there = load_file(weights)
    there["conv_stem.weight"] = there["conv_stem.weight"][:8].clone()
    del there["bn1.bias"]
    with pytest.raises(
        ContainerError, match=r"found conv_stem\.weight 8×3×3×3, expected 32×3×3×3; bn1\.bias none, expected 32$"
    ):
        trunk_weights(spec_of(named(tmp_path, save(there))))
    with pytest.raises(ContainerError, match=r"weights of timm's ResNet, found .* and \d+ more$"):
        trunk_weights(spec_of(weights, model="resnet18"))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, weights: Path) -> None:
    there = load_file(weights)
    there["bn1.bias"][0] = float("nan")
    with pytest.raises(ContainerError, match=r"expected finite numbers, found others in bn1\.bias"):
        trunk_weights(spec_of(named(tmp_path, save(there))))


def test_without_a_network_it_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no way to huggingface.co\nmore of it")

    monkeypatch.setattr(timm, "create_model", unreachable)
    expected = (
        r"classifier\.pretrained\.model: no weights of resnet18 from timm's hub \(OSError: no way to huggingface\.co\)"
        r".* without one, name a file by classifier\.pretrained\.weights: see docs/pretrained\.md"
    )
    with pytest.raises(SettingsError, match=expected):
        trunk_weights(spec_of(model="resnet18"))


def test_weights_of_the_hub_are_those_without_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    created = timm.create_model
    asked: list[dict[str, Any]] = []

    def from_hub(name: str, *, pretrained: bool, **options: Any) -> Any:
        asked.append({"name": name, "pretrained": pretrained, **options})
        return created(name, pretrained=False, **options)

    monkeypatch.setattr(timm, "create_model", from_hub)
    found = trunk_weights(spec_of(model="resnet18.a1_in1k"))
    assert asked == [{"name": "resnet18.a1_in1k", "pretrained": True, "num_classes": 0}]
    assert "fc.weight" not in found


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("resnet19", r"classifier\.pretrained\.model: timm has no 'resnet19'; expected one such as .*resnet18"),
        ("xxxxxxxx", r"expected one such as those of timm\.list_models\(\)"),
        ("resnet18.nope", r"model: expected one of .*resnet18\.a1_in1k.*, found resnet18\.nope"),
    ],
)
def test_a_network_that_timm_does_not_have_is_told(model: str, message: str) -> None:
    for ask in (build_trunk, trunk_weights):
        with pytest.raises(SettingsError, match=message):
            ask(spec_of(model=model))


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(SettingsError, match=r"needs timm, of the extra pretrained: pip install '\.\[pretrained\]'"):
        build_trunk(spec_of())
