"""Models as files that run without this project."""

import builtins
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn

from augment.classifier.building import build_backbone
from augment.classifier.classifier_spec import ClassifierSpec, PretrainedSpec
from augment.core.errors import DataError, SettingsError
from augment.core.images import UInt8Array, make_image_set
from augment.datasets.decoding import Look
from augment.exporting.model_cards import classifier_card, generator_card
from augment.exporting.models import MODEL_FORMATS, Portable, export_model, portable_classifier, portable_generator
from augment.finished.classifier import Ensemble, read_ensemble
from augment.finished.generator import read_generator
from augment.finished.project import Project
from tests.conftest import striped_images

Export = Callable[[str, str], Path]
FORMATS = ["torch_export", "onnx"]
TWICE = "import sys; sys.modules['augment'] = None\n"
"""Nothing of this project can be imported."""


@pytest.fixture(scope="module")
def exported(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Export a model once; give its folder."""
    there: dict[tuple[str, str], Path] = {}

    def export(model: str, name: str) -> Path:
        if (model, name) not in there:
            target = tmp_path_factory.mktemp("exports") / f"{model}-{name}"
            if model == "classifier":
                ensemble = read_ensemble(project, "toys")
                portable = portable_classifier(ensemble)
                export_model(portable, name, target, classifier_card(project, ensemble, portable.about))
            else:
                generator = read_generator(project, "toys", model)
                portable = portable_generator(generator)
                export_model(portable, name, target, generator_card(project, generator, portable.about))
            there[model, name] = target
        return there[model, name]

    return export


def run_card(folder: Path, inputs: dict[str, Any]) -> Any:
    """Run the Python of a card, in a process that cannot import this project."""
    code = (folder / "README.md").read_text().partition("```python\n")[2].partition("```")[0]
    np.savez(folder.parent / "inputs.npz", **inputs)
    make = "torch.from_numpy(arrays[name])" if "torch" in code else "arrays[name]"
    head = f"{TWICE}import numpy\narrays = numpy.load('inputs.npz')\n"
    head += "import torch\n" if "torch" in code else ""
    head += "".join(f"{name} = {make.replace('name', repr(name))}\n" for name in inputs)
    tail = "\nnumpy.save('answers.npy', numpy.asarray(answers))"
    done = subprocess.run(
        [sys.executable, "-c", head + code + tail], cwd=folder.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder.parent / "answers.npy")


def need(name: str) -> None:
    if name == "onnx":
        for library in ("onnx", "onnxruntime", "onnxscript"):
            pytest.importorskip(library, reason="the extra onnx is not installed")


@pytest.mark.parametrize("name", FORMATS)
def test_a_classifier_says_the_same_without_this_project(name: str, exported: Export, project: Project) -> None:
    need(name)
    images = np.random.default_rng(0).integers(0, 256, (30, 1, 8, 8), dtype=np.uint8)  # which the two disagree on
    said = run_card(exported("classifier", name), {"images": images})
    assert np.allclose(said, read_ensemble(project, "toys").predict(images), atol=1e-4)
    assert not np.allclose(said, read_ensemble(project, "toys", run=0).predict(images), atol=1e-2)


@pytest.mark.parametrize("name", FORMATS)
def test_a_generator_draws_the_same_without_this_project(name: str, exported: Export, project: Project) -> None:
    need(name)
    rng = torch.Generator().manual_seed(3)
    network = read_generator(project, "toys").network
    noise, labels = torch.randn(5, network.latent_dim, generator=rng), torch.arange(5) % 3
    drawn = run_card(exported("gan", name), {"noise": noise.numpy(), "labels": labels.numpy()})
    with torch.no_grad():
        expected: UInt8Array = ((network(noise, labels) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
    assert drawn.dtype == np.uint8
    assert np.abs(drawn.astype(int) - expected.astype(int)).max() <= 1


@pytest.mark.parametrize("name", FORMATS)
def test_files_are_the_same_bytes_and_tell_of_no_path(name: str, exported: Export, project: Project) -> None:
    need(name)
    first = exported("classifier", name)
    model = portable_classifier(read_ensemble(project, "toys"))
    export_model(model, name, first.parent / "again", lambda _: "")
    (file,) = first.glob("model.[!j]*")
    content = file.read_bytes()
    assert (first.parent / "again" / file.name).read_bytes() == content
    assert str(Path(__file__).parents[2]).encode() not in content


def test_a_card_says_what_the_model_is(exported: Export) -> None:
    folder = exported("classifier", "torch_export")
    _, header, body = (folder / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(header) == {"pipeline_tag": "image-classification"}
    assert "license: yours to state" in header
    assert "the mean of 2 classifiers, one a run, of the arm `merged/plain`" in body
    assert "Of single classifiers on the test images, before calibration:\n\n| figure |" in body
    about = json.loads((folder / "model.json").read_text())
    assert about["inputs"] == {"images": ["uint8", "N", 1, 8, 8]}
    text = (exported("gan", "torch_export") / "README.md").read_text()
    assert "| label fidelity % ↑ | 98.0 (99.0) |" in text
    assert "It may have kept something of its training images" in text
    assert "**It holds training images themselves" in (exported("smote", "torch_export") / "README.md").read_text()


def test_a_card_names_the_network_that_others_trained(project: Project) -> None:
    settings = project.settings
    toys = settings.datasets["toys"]
    classifier = toys.classifier.model_copy(update={"pretrained": PretrainedSpec(model="resnet18")})
    datasets = {"toys": toys.model_copy(update={"classifier": classifier})}
    lent = replace(project, settings=settings.model_copy(update={"datasets": datasets}))
    ensemble = read_ensemble(project, "toys")
    told = "It began with weights that others trained: timm's `resnet18`, whose licence holds for this file"
    assert told in classifier_card(lent, ensemble, {"shape": 1})("")
    assert told not in classifier_card(project, ensemble, {"shape": 1})("")


def test_a_model_that_a_format_cannot_hold_is_refused_and_nothing_left(project: Project, tmp_path: Path) -> None:
    need("onnx")
    smote = portable_generator(read_generator(project, "toys", "smote"))
    with pytest.raises(DataError, match="this model cannot be written as onnx: "):
        export_model(smote, "onnx", tmp_path / "out", lambda _: "")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def lent(project: Project) -> Ensemble:
    """Two classifiers with a network in common that is timm's, for images larger than its own."""
    block = {"model": "test_efficientnet", "side": 32}
    spec = ClassifierSpec.model_validate({"backbone": "pretrained", "pretrained": block})
    networks = [build_backbone((1, 40, 40), 3, spec).eval() for _ in range(2)]
    networks[1].stages = networks[0].stages  # as they are read
    val = make_image_set(*striped_images(9, 3, (1, 40, 40)), ("a", "b", "c"))
    return Ensemble(
        "toys",
        "real/plain",
        tuple(networks),
        val.classes,
        val.shape,
        Look(40, 40, "grey"),
        val,
        project.settings.runtime,
    )


def test_what_classifiers_have_in_common_is_computed_once(lent: Ensemble) -> None:
    calls: list[nn.Module] = []
    lent.networks[0].stages[1].register_forward_hook(lambda trunk, *_: calls.append(trunk))
    module = portable_classifier(lent).module
    calls.clear()
    with torch.no_grad():
        said = module(torch.from_numpy(lent.val.images)).numpy()
    assert len(calls) == 1
    assert np.allclose(said, lent.predict(lent.val.images), atol=1e-5)


@pytest.mark.parametrize("name", FORMATS)
def test_a_classifier_that_others_began_is_written_and_says_the_same(name: str, lent: Ensemble, tmp_path: Path) -> None:
    need(name)
    export_model(portable_classifier(lent), name, tmp_path / "out", lambda _: "")  # which tries what it wrote
    assert len([*(tmp_path / "out").glob("model.[!j]*")]) == 1


class Coin(nn.Module):
    """Says something else each time."""

    def forward(self, images: Tensor) -> Tensor:
        """Toss."""
        return torch.rand(images.shape[0], 2)


def test_a_file_that_says_something_else_is_refused(project: Project, tmp_path: Path) -> None:
    model = portable_classifier(read_ensemble(project, "toys"))
    coin = Portable(Coin(), model.make, model.inputs, model.output, model.about, 1e-4, model.runtime)
    with pytest.raises(DataError, match="its answers differ from those of the model by 0"):
        export_model(coin, "torch_export", tmp_path / "out", lambda _: "")


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def missing(name: str, *others: Any, **more: Any) -> Any:
        if name.startswith("onnx"):
            raise ImportError(name)
        return plain(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SettingsError, match=r"--format onnx needs .* of the extra onnx: pip install '\.\[onnx\]'"):
        MODEL_FORMATS["onnx"]()
