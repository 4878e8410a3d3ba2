"""Draw more images from a trained generator. They go to a folder of yours: nothing that a run made changes."""

import argparse
from pathlib import Path

from PIL import Image

from augment.exporting.image_sets import export_images
from augment.exporting.pieces import Piece
from augment.finished.generator import read_generator
from augment.finished.project import open_project
from augment.finished.samples import draw, grid, read_critic
from augment.verbs.export import EXPORTS


def command(arguments: list[str]) -> None:
    """Read the options, draw, write an image folder with a picture of all, and say where it is."""
    options = argparse.ArgumentParser(prog="python -m augment sample", description=__doc__)
    options.add_argument("dataset")
    options.add_argument("--class", dest="classes", action="append", metavar="CLASS", help="by name (default: each)")
    options.add_argument("--count", type=int, required=True, help="images of each class")
    options.add_argument("--seed", type=int, required=True, help="the same seed gives the same images")
    options.add_argument("--synthesizer", help="by name (default: the first of params.yaml)")
    options.add_argument("--filter", action="store_true", help="leave out copies, and what the judge takes for another")
    options.add_argument("--to", type=Path, help=f"the folder to make (default: {EXPORTS}/DATASET/samples-…)")
    chosen = options.parse_args(arguments)
    project = open_project(Path())
    generator = read_generator(project, chosen.dataset, chosen.synthesizer)
    critic = read_critic(project, generator) if chosen.filter else None
    part = draw(generator, chosen.classes or generator.classes, chosen.count, chosen.seed, critic)
    target = chosen.to or EXPORTS / chosen.dataset / f"samples-{generator.name}-{chosen.seed}"
    picture = Image.fromarray(grid(part.images))
    export_images(part, "imagefolder", target, [Piece("grid.png", 0, lambda path, _: picture.save(path, format="png"))])
    print(f"{target}: {len(part.images)} images of {generator.name}; look at {target / 'grid.png'}")
