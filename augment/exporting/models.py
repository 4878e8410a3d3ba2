"""Trained models as files that need nothing of this project: ``torch.export`` archives and ONNX."""

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from augment.core.errors import DataError, SettingsError
from augment.core.registry import Registry
from augment.core.store import write_json
from augment.core.text import first_line
from augment.exporting.modules import ClassifierModule, GeneratorModule
from augment.exporting.pieces import Piece, export
from augment.finished.classifier import Ensemble
from augment.finished.generator import TrainedGenerator
from augment.finished.machines import computing
from augment.runtime.runtime_spec import RuntimeSpec

MODEL_VERSION = 1
TRACED = 2
"""Images that a network is traced with; the number stays open."""
TRIED = 1, 3
"""Numbers of images on which what was written is held against what it was made of."""
SHARE_OFF, LEVELS_OFF = 1e-4, 1
"""How far probabilities, and grey levels, of the two may be apart: another library sums in another order."""


@dataclass(frozen=True)
class Portable:
    """A network that can be written for others.

    Attributes:
        module: In evaluation mode, on the CPU.
        make: Makes inputs for so many images, of a generator.
        inputs: Their names.
        output: The output's name.
        about: What a user of the file has to know; plain JSON values.
        off: How far its output may be from what the file gives.
        runtime: Where it computes.
    """

    module: nn.Module
    make: Callable[[int, torch.Generator], tuple[Tensor, ...]]
    inputs: tuple[str, ...]
    output: str
    about: Mapping[str, Any]
    off: float
    runtime: RuntimeSpec


@dataclass(frozen=True)
class ModelFormat:
    """A format of models.

    Attributes:
        file: Name of the file.
        write: Writes a network, given the path.
        load: Reads it: gives a function of the inputs, as NumPy has them.
        usage: Python that loads the file and runs it, from the folder above; with blanks ``folder``, ``inputs``.
    """

    file: str
    write: Callable[[Portable, Path], None]
    load: Callable[[Path], Callable[[Sequence[np.ndarray[Any, Any]]], np.ndarray[Any, Any]]]
    usage: str


def portable_classifier(ensemble: Ensemble) -> Portable:
    """Prepare the classifiers of an arm, all in one file."""
    shape = ensemble.shape
    module = ClassifierModule([network.cpu() for network in ensemble.networks], ensemble.temperature).eval()
    about = {
        "dataset": ensemble.dataset,
        "model": "classifier",
        "arm": ensemble.arm,
        "classifiers": len(ensemble.networks),
        "temperature": ensemble.temperature,
        "classes": list(ensemble.classes),
        "inputs": {"images": ["uint8", "N", *shape]},
        "outputs": {"probabilities": ["float32", "N", len(ensemble.classes)]},
    }

    def make(count: int, rng: torch.Generator) -> tuple[Tensor, ...]:
        return (torch.randint(0, 256, (count, *shape), generator=rng, dtype=torch.uint8),)

    return Portable(module, make, ("images",), "probabilities", about, SHARE_OFF, ensemble.runtime)


def portable_generator(generator: TrainedGenerator) -> Portable:
    """Prepare a generator."""
    network = generator.network.cpu()
    with computing(generator.runtime), torch.no_grad():
        shape = network(torch.zeros(1, network.latent_dim), torch.zeros(1, dtype=torch.int64)).shape[1:]
    about = {
        "dataset": generator.dataset,
        "model": "generator",
        "synthesizer": generator.name,
        "classes": list(generator.classes),
        "inputs": {"noise": ["float32, standard normal", "N", network.latent_dim], "labels": ["int64", "N"]},
        "outputs": {"images": ["uint8", "N", *shape]},
    }

    def make(count: int, rng: torch.Generator) -> tuple[Tensor, ...]:
        return torch.randn(count, network.latent_dim, generator=rng), torch.arange(count) % len(generator.classes)

    names = ("noise", "labels")
    return Portable(GeneratorModule(network).eval(), make, names, "images", about, LEVELS_OFF, generator.runtime)


def export_model(portable: Portable, name: str, target: Path, card: Callable[[str], str]) -> None:
    """Write a model, what it takes and gives, and its card; see `export` for what happens to what is there.

    The file is read back and tried: one whose answers differ from the model's is not handed out.

    Args:
        portable: The model.
        name: One of `MODEL_FORMATS`.
        target: The folder to make.
        card: Writes the card, given Python that runs the model.

    Raises:
        SettingsError: There is no such format, or an extra that it needs is not installed.
        DataError: The model cannot be written in this format, or see `export`.
    """
    form = MODEL_FORMATS[name]()
    usage = form.usage.format(folder=target.name, feed=", ".join(f'"{each}": {each}' for each in portable.inputs))
    usage = usage.replace("INPUTS", ", ".join(portable.inputs))

    def write(path: Path, _: Path) -> None:
        with computing(portable.runtime), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter's own code
            try:
                form.write(portable, path)
                _require_alike(portable, form.load(path))
            except DataError:
                raise
            except Exception as error:  # exporters and runtimes raise what they like
                raise DataError(f"this model cannot be written as {name}: {first_line(error)}") from error

    pieces = [
        Piece(form.file, 0, write),
        Piece("model.json", 0, lambda path, _: write_json(path, dict(portable.about))),
        Piece("README.md", 0, lambda path, _: _write(path, card(usage))),
    ]
    export(target, {"version": MODEL_VERSION, "format": name, **portable.about}, pieces, 0)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _require_alike(portable: Portable, run: Callable[..., np.ndarray[Any, Any]]) -> None:
    """Refuse a file that says other things than the model that it was made of."""
    for count in TRIED:
        inputs = portable.make(count, torch.Generator().manual_seed(count))
        with torch.no_grad():
            expected = portable.module(*inputs).numpy().astype(np.float64)
        found = run([each.numpy() for each in inputs]).astype(np.float64)
        if found.shape != expected.shape or np.abs(found - expected).max() > portable.off:
            raise DataError(f"its answers differ from those of the model by {np.abs(found - expected).max():.3g}")


def _traced(portable: Portable) -> tuple[tuple[Tensor, ...], tuple[dict[int, Any], ...]]:
    """Give inputs to trace a network with, and which of their sides are open: the number of images."""
    inputs = portable.make(TRACED, torch.Generator().manual_seed(0))
    batch = torch.export.Dim("batch", min=1)
    return inputs, tuple({0: batch} for _ in inputs)


MODEL_FORMATS: Registry[Callable[[], ModelFormat]] = Registry("format", "augment.exporting.models")


@MODEL_FORMATS.register
def torch_export() -> ModelFormat:
    """``torch.export``: runs wherever torch does."""

    def write(portable: Portable, path: Path) -> None:
        inputs, open_sides = _traced(portable)
        program = torch.export.export(portable.module, inputs, dynamic_shapes=open_sides)
        for node in program.graph.nodes:  # which tell of the paths of this machine
            for key in ("stack_trace", "nn_module_stack", "source_fn_stack"):
                node.meta.pop(key, None)
        archive = io.BytesIO()  # under a file's name, its bytes would depend on that
        torch.export.save(program, archive)
        path.write_bytes(archive.getvalue())

    def load(path: Path) -> Callable[[Sequence[np.ndarray[Any, Any]]], np.ndarray[Any, Any]]:
        module = torch.export.load(io.BytesIO(path.read_bytes())).module()
        return lambda inputs: module(*(torch.from_numpy(each) for each in inputs)).detach().numpy()

    usage = """import torch

model = torch.export.load("{folder}/model.pt2").module()
with torch.no_grad():
    answers = model(INPUTS)  # tensors, as model.json says"""
    return ModelFormat("model.pt2", write, load, usage)


@MODEL_FORMATS.register
def onnx() -> ModelFormat:
    """ONNX: runs wherever there is a runtime for it."""
    try:
        import onnx as library
        import onnxruntime
        import onnxscript  # noqa: F401  # torch needs it
    except ImportError as error:
        raise SettingsError("--format onnx needs onnx and others, of the extra onnx: pip install '.[onnx]'") from error

    def write(portable: Portable, path: Path) -> None:
        inputs, open_sides = _traced(portable)
        names: dict[str, Any] = {"input_names": portable.inputs, "output_names": [portable.output], "verbose": False}
        program = torch.onnx.export(portable.module, inputs, dynamic_shapes=open_sides, dynamo=True, **names)
        assert program is not None  # noqa: S101  # for it was given no path
        proto = program.model_proto
        _forget(proto.graph)
        library.helper.set_model_props(proto, {"classes": "\n".join(portable.about["classes"])})
        library.checker.check_model(proto)
        path.write_bytes(proto.SerializeToString(deterministic=True))

    def load(path: Path) -> Callable[[Sequence[np.ndarray[Any, Any]]], np.ndarray[Any, Any]]:
        session = onnxruntime.InferenceSession(path.read_bytes())
        names = [each.name for each in session.get_inputs()]
        return lambda inputs: session.run(None, dict(zip(names, inputs, strict=True)))[0]

    usage = """import onnxruntime

session = onnxruntime.InferenceSession("{folder}/model.onnx")
(answers,) = session.run(None, {{{feed}}})  # arrays, as model.json says"""
    return ModelFormat("model.onnx", write, load, usage)


def _forget(graph: Any) -> None:
    """Drop what the exporter notes of this machine's paths and of its own doings."""
    del graph.metadata_props[:]
    for things in (graph.node, graph.value_info, graph.input, graph.output, graph.initializer):
        for thing in things:
            del thing.metadata_props[:]
            thing.doc_string = ""
