"""A folder of PNG files a class: torchvision's ImageFolder and Hugging Face's read it."""

from collections.abc import Iterator

from augment.core.errors import DataError
from augment.exporting.layout import FORMATS, METADATA, Layout, folder_name, metadata, numbers, picture_piece
from augment.exporting.pieces import Piece
from augment.finished.images import Part


@FORMATS.register
def imagefolder(part: Part, target: str) -> Layout:
    """``SPLIT/CLASS/000000.png`` and ``SPLIT/metadata.csv``.

    Raises:
        DataError: Two class names differ in upper and lower case alone, which some systems take for one folder.
    """
    folders = [folder_name(name) for name in part.images.classes]
    if len({folder.casefold() for folder in folders}) < len(folders):
        raise DataError(f"classes {', '.join(folders)}: some differ in case alone, so that they cannot be folders")
    names = [f"{folders[label]}/{number}.png" for label, number in zip(part.labels, numbers(part), strict=True)]

    def pieces() -> Iterator[Piece]:
        yield metadata(part, names, f"{part.split}/{METADATA}")
        for row, name in enumerate(names):
            yield picture_piece(part, row, f"{part.split}/{name}")

    usage = f"""import datasets, torchvision

images = torchvision.datasets.ImageFolder("{target}/{part.split}")  # numbers classes by their folders' names
images = datasets.load_dataset("{target}", split="{part.split}")  # with all columns of {METADATA}"""
    return Layout(pieces(), f"{part.split}/{METADATA}", f"{part.split}/**", usage)
