"""How files of kinds that are not read become such that are, told by their names alone."""

import re
from collections.abc import Iterable

from augment.core.text import listed

PIXELS = "`mogrify -format png '*{}'` (ImageMagick) writes them as PNG"
ARRAYS = (
    "read it where you trust it, and `numpy.savez('data.npz', images=…, labels=…)` makes an NPZ file of it, which "
    "`kind: npz` reads (images N×H×W×C)"
)
RECORDS = "write them as Parquet with the columns image (a file's bytes) and label, which `kind: parquet` reads"
MANY = "holds many images: alone in a folder, it is read with `kind: {}`"

REMEDIES = {
    r"\.gif": "`mogrify -format png '*.gif[0]'` (ImageMagick) writes the first frame of each as PNG",
    r"\.(apng|avifs|bpg|cur|dds|dib|djvu|exr|icns|ico|j2[ck]|jp[2cfmx]|jxl|pam|pcx|pfm|ras|sgi|tga|xbm|xpm)": PIXELS,
    r"\.(psd|psb|xcf)": "layers: export them as PNG",
    r"\.(ai|eps|ps|svgz?|wmf)": "drawings: export them as PNG, in the size wanted",
    r"\.pdf": "`pdftoppm -png FILE.pdf PAGE` (poppler) writes each page as PNG",
    r"\.(3fr|arw|cr[23w]|dng|nef|nrw|orf|pef|raf|rw2|srw)": (
        "camera raw: `darktable-cli FILE{} FILE.png`, or the camera maker's tool, develops them"
    ),
    r"\.(3gp|avi|flv|m4v|mkv|mov|mp4|mpe?g|mts|webm|wmv)": (
        "films: `ffmpeg -i FILE{} -vf fps=1 FILE_%04d.png` takes a picture a second; keep those of one film together "
        "(groups, in docs/datasets.md)"
    ),
    r"\.zip": "`unzip FILE.zip` unpacks it; then take it out",
    r"\.(tar\.(bz2|gz|lz|xz|zst)|tbz2?|tgz|txz)": (
        "`tar -xf FILE{}` unpacks it; then take it out. (A shard of WebDataset: decompress it to .tar)"
    ),
    r"\.(7z|rar)": "`7z x FILE{}` unpacks it; then take it out",
    r"\.(bz2|gz|xz|zst)": "decompress it (gunzip, bunzip2, unxz or unzstd)",
    r"\.npy": (
        "`numpy.savez('data.npz', images=numpy.load('images.npy'), labels=numpy.load('labels.npy'))` makes an NPZ "
        "file, which `kind: npz` reads (images N×H×W×C)"
    ),
    r"\.(h5|hdf5?|joblib|mat|nc|pickle|pkl|pth?)": ARRAYS,
    r"\.(hdr|img|mha|mhd|nii|nii\.gz|nrrd)": "volumes: write the slices wanted as PNG; those of a patient are a group",
    r"\.(arrow|feather|lmdb|mdb|rec|tfrecords?)": RECORDS,
    r"\.npz": MANY.format("npz"),
    r"\.parquet": MANY.format("parquet"),
    r"\.tar": f"`tar -xf FILE.tar` unpacks it; then take it out. (A shard of WebDataset {MANY.format('webdataset')})",
    r"\.(ods|xlsx?)": "save the sheet as .csv",
    r"": "no suffix: `file FILE` tells the format; add its suffix to the name, e.g. .png",
}
"""What ends a name, as a regular expression → what to do; ``{}`` stands for that ending."""


def remedies(names: Iterable[str]) -> list[str]:
    """Say for each kind of file how it becomes one that is read, a sentence each; nothing of kinds that are unknown."""
    found: dict[str, list[str]] = {}
    for name in names:
        if known := _remedy(name.rpartition("/")[2]):
            ending, told = known
            kinds = found.setdefault(told, [])
            if ending not in kinds:
                kinds.append(ending)
    return [f"{listed(kinds)}: {told.format(kinds[0])}" if any(kinds) else told for told, kinds in found.items()]


def _remedy(name: str) -> tuple[str, str] | None:
    """Give the longest ending of a name that is known, and what to do; None where there is none."""
    starts = [place for place, sign in enumerate(name) if sign == "." and place]
    for ending in [name[start:].lower() for start in starts] or [""]:
        for pattern, told in REMEDIES.items():
            if re.fullmatch(pattern, ending):
                return ending, told
    return None
