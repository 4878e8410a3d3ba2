"""Write what a finished run made in another form: images for other tools, models that need nothing of this project."""

import argparse
from pathlib import Path

from augment.exporting.image_sets import export_images
from augment.exporting.layout import FORMATS
from augment.exporting.model_cards import classifier_card, generator_card
from augment.exporting.models import export_model, portable_classifier, portable_generator
from augment.finished.classifier import read_ensemble
from augment.finished.generator import read_generator
from augment.finished.images import read_part
from augment.finished.project import PRODUCT, open_project, require_one_of

EXPORTS = Path("exports")


MODELS = {"torch": "torch_export", "onnx": "onnx"}
CLASSIFIER, GENERATOR = "classifier", "generator"


def command(arguments: list[str]) -> None:
    """Read the options, write the export, and say where it is."""
    chosen = _options().parse_args(arguments)
    known = list(MODELS) if chosen.what in (CLASSIFIER, GENERATOR) else list(map(_spelt, FORMATS))
    require_one_of(f"format of {chosen.what}", chosen.format, known)
    project = open_project(Path())
    target = chosen.to or EXPORTS / chosen.dataset / f"{chosen.what}-{chosen.format}"
    if chosen.what == CLASSIFIER:
        ensemble = read_ensemble(project, chosen.dataset, chosen.arm, chosen.run)
        model = portable_classifier(ensemble)
        export_model(model, MODELS[chosen.format], target, classifier_card(project, ensemble, model.about))
        print(f"{target}: {len(ensemble.networks)} classifiers of {ensemble.arm}; its README.md says how to run them")
    elif chosen.what == GENERATOR:
        generator = read_generator(project, chosen.dataset, chosen.synthesizer)
        model = portable_generator(generator)
        export_model(model, MODELS[chosen.format], target, generator_card(project, generator, model.about))
        print(f"{target}: the generator {generator.name}; its README.md says how to run it")
    else:
        part = read_part(project, chosen.dataset, chosen.what)
        export_images(part, chosen.format, target)
        drawn = int(part.synthetic.sum())
        print(f"{target}: {len(part.images)} images, {drawn} of them synthetic; its README.md says how to read it")


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m augment export", description=__doc__)
    options.add_argument("dataset")
    options.add_argument(
        "--what", default=PRODUCT, help="product, real, val, test, a mix, a synthesizer; classifier, generator"
    )
    images, models = ", ".join(map(_spelt, FORMATS)), ", ".join(MODELS)
    options.add_argument("--format", required=True, help=f"of images: {images}; of models: {models}")
    options.add_argument("--to", type=Path, help=f"the folder to make (default: {EXPORTS}/DATASET/WHAT-FORMAT)")
    options.add_argument("--arm", metavar="TRAIN_SET/RECIPE", help="of classifiers; default: the recommended one")
    options.add_argument("--run", type=int, help="one classifier alone, from 0 (default: all)")
    options.add_argument("--synthesizer", help="of generators; default: the first of params.yaml")
    return options


def _spelt(name: str) -> str:
    return name.replace("_", "-")
