"""Photographs of animals, flowers and fruit as an image folder: cut-outs that Debian's tuxpaint-stamps-default brings.

    apt-get download tuxpaint-stamps-default && dpkg -x tuxpaint-stamps-default_*.deb FOLDER

Few sets of colour photographs come in a package. These are 25 to 65 a class, each of another thing, on nothing; here
they are shown on white. Drawings, which the package has, too, are left out.
"""

from pathlib import Path

from PIL import Image, ImageOps

STAMPS = Path("usr/share/tuxpaint/stamps")
CLASSES = {"bird": "animals/birds", "flower": "plants/flowers", "fruit": "food/fruit", "mammal": "animals/mammals"}
DRAWN = "cartoon"
SIDE = 96


def write_photographs(raw: Path, package: Path) -> None:
    """Write ``raw/CLASS/NAME.png``, RGB, 96×96, of the unpacked package.

    Raises:
        FileNotFoundError: The package is not there.
    """
    for name, folder in CLASSES.items():
        if not (package / STAMPS / folder).is_dir():
            raise FileNotFoundError(f"{package}: expected the package, unpacked; it has no {STAMPS / folder}")
        (raw / name).mkdir(parents=True)
        for path in sorted((package / STAMPS / folder).rglob("*.png")):
            if DRAWN not in path.parts:
                with Image.open(path) as opened:
                    stamp = ImageOps.contain(opened.convert("RGBA"), (SIDE, SIDE))
                shown = Image.new("RGB", (SIDE, SIDE), "white")
                shown.paste(stamp, ((SIDE - stamp.width) // 2, (SIDE - stamp.height) // 2), stamp)
                shown.save(raw / name / path.name)
