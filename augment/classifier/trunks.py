"""Networks of timm's, and the weights that others trained for them."""

import hashlib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor, nn

from augment.classifier.classifier_spec import NAMED_BY_HASH, PretrainedSpec
from augment.core.errors import ContainerError, SettingsError
from augment.core.registry import load
from augment.core.text import first_line
from augment.runtime.weights import require_finite

DIGITS = 8
"""Of the SHA-256 in a file's name, as torch.hub has it."""

KEY = "classifier.pretrained"


def build_trunk(spec: PretrainedSpec) -> nn.Module:
    """Build a network without its head, weights as drawn: from images to features, N×F.

    Raises:
        SettingsError: The extra is not installed, or timm has no such network.
    """
    return _create(spec, pretrained=False)


def data_config(trunk: nn.Module) -> dict[str, Any]:
    """Say what images a network was trained on: their size, mean, deviation, interpolation."""
    found: dict[str, Any] = _timm().data.resolve_model_data_config(trunk)
    return found


def layer_groups(trunk: nn.Module, rate: float, decay: float, weight_decay: float) -> list[dict[str, Any]]:
    """Sort a network's weights by layer, each with a rate of its own for an optimiser; see `PretrainedSpec`.

    Args:
        trunk: The network.
        rate: Of its last layer.
        decay: What each layer's rate is of that of the layer above.
        weight_decay: Of what has more than one axis; of biases and normalisation there is none.
    """
    sort: Any = load("timm.optim:param_groups_layer_decay")
    groups = sort(trunk, weight_decay=weight_decay, layer_decay=decay)
    return [
        {"params": group["params"], "weight_decay": group["weight_decay"], "lr": rate * group["lr_scale"]}
        for group in groups
    ]


@lru_cache(maxsize=1)
def trunk_weights(spec: PretrainedSpec) -> Mapping[str, Tensor]:
    """Get the weights of a network without its head, of the file that the settings name or of timm's hub.

    Raises:
        SettingsError: They are not to be had.
        ContainerError: The file is broken, or another than its name says.
    """
    if spec.weights is not None:
        return _of_file(Path(spec.weights), build_trunk(spec))
    try:
        return _create(spec, pretrained=True).state_dict()
    except SettingsError:
        raise
    except Exception as error:  # whatever stands between here and the hub raises what it likes
        raise SettingsError(
            f"{KEY}.model: no weights of {spec.model} from timm's hub ({first_line(error)}). They are downloaded once "
            f"and kept, which needs a network; without one, name a file by {KEY}.weights: see docs/pretrained.md"
        ) from error


def _of_file(path: Path, trunk: nn.Module) -> Mapping[str, Tensor]:
    """Read a file whose name tells its hash, and leave out the head that the network was trained with."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{KEY}.weights: expected a file {path}, found none that can be read ({error})") from error
    named, found = NAMED_BY_HASH.search(path.name), hashlib.sha256(content).hexdigest()
    if named is None or not found.startswith(named[1]):
        raise ContainerError(f"{path}: expected the file of which its name gives the SHA-256, found {found[:DIGITS]}…")
    try:
        weights = safetensors.load(content)
    except SafetensorError as error:
        raise ContainerError(f"{path}: expected safetensors ({error})") from error
    require_finite(path, weights)
    own = trunk.state_dict()
    bad = [f"{key} {_shape(weights, key)}, expected {_shape(own, key)}" for key in own if not _alike(key, weights, own)]
    if bad:
        raise ContainerError(
            f"{path}: expected weights of timm's {type(trunk).__name__}, found {'; '.join(bad[:3])}"
            + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
        )
    return {key: weights[key] for key in own}


def _alike(key: str, weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> bool:
    return key in weights and weights[key].shape == own[key].shape


def _shape(weights: Mapping[str, Tensor], key: str) -> str:
    return "×".join(map(str, weights[key].shape)) or "1" if key in weights else "none"


def _create(spec: PretrainedSpec, *, pretrained: bool) -> Any:
    timm = _timm()
    architecture, _, tag = spec.model.partition(".")
    if not timm.is_model(architecture):
        near = ", ".join(get_close_matches(architecture, timm.list_models(), 5)) or "those of timm.list_models()"
        raise SettingsError(f"{KEY}.model: timm has no {architecture!r}; expected one such as {near}")
    tags = timm.models.get_arch_pretrained_cfgs(architecture)
    if tag and spec.model not in tags:
        raise SettingsError(f"{KEY}.model: expected one of {', '.join(tags)}, found {spec.model}")
    # A network that takes one size alone is built for that which is asked for.
    fixed = spec.side is not None and timm.get_pretrained_cfg(spec.model).fixed_input_size
    return timm.create_model(
        spec.model, pretrained=pretrained, num_classes=0, **({"img_size": spec.side} if fixed else {})
    )


def _timm() -> ModuleType:
    try:
        import timm
    except ImportError as error:
        raise SettingsError(
            "classifier.backbone: pretrained needs timm, of the extra pretrained: pip install '.[pretrained]'"
        ) from error
    return timm
