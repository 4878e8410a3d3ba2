"""Which files of a folder are images, which are left out, and which make the folder unfit: by names alone.

Nothing is left out unsaid. In a class folder only what is hidden, what a system put there by itself, and text is left
out; any other file that is not read is refused, as it may well be an image.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from augment.core.errors import DataError
from augment.core.text import listed, printable
from augment.datasets.unread import remedies

SUFFIXES = (
    *(".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"),
    *(".jfif", ".jpe", ".pbm", ".pnm"),
    *(".avif", ".dcm", ".heic", ".heif", ".hif"),
)
"""Of image files that are read, in either case: those of torchvision's ``ImageFolder``, other names of the same formats
(browsers save JPEG as ``.jfif``), and what cameras and scanners write; the last four take a package more."""

TEXTS = {".cff", ".csv", ".html", ".ini", ".json", ".log", ".md", ".md5", ".rst", ".sha256", ".tsv", ".txt", ".xml"}
TEXTS |= {".yaml", ".yml"}
TEXT_NAMES = {"changelog", "citation", "copying", "license", "licence", "notice", "readme"}
LITTER = {"#recycle", "#snapshot", "$recycle.bin", "@eadir", "@recycle", "@tmp", "__macosx", "desktop.ini", "icon\r"}
LITTER |= {"ehthumbs.db", "lost+found", "system volume information", "thumbs.db"}
SPLITS = ("train", "training", "val", "valid", "validation", "dev", "eval", "test", "testing")
NO_LABEL = ("unlabelled", "unlabeled", "unannotated", "unsorted")

HIDDEN, SYSTEM, TEXT = "hidden (a dot before the name)", "put there by a system", "text"


class Survey(NamedTuple):
    """What a folder holds.

    Attributes:
        files: Class → its image files, told by their paths below the folder, in the order of torchvision's
            ``ImageFolder``.
        left_out: Reason → files, told likewise.
        warnings: What is probably not meant.
        unlabelled: Image files of the folder that is no class, told likewise.
    """

    files: dict[str, list[str]]
    left_out: dict[str, list[str]]
    warnings: list[str]
    unlabelled: list[str]


def survey(raw: Path, *, beside: Sequence[str] = (), unlabelled: str | None = None) -> Survey:
    """List the image files of every class folder, and account for every other file.

    Args:
        raw: Holds one folder a class; the folder's name is the class name.
        beside: Files beside the class folders that are read, too.
        unlabelled: A folder beside them that is no class, if there is one: its images have no label.

    Raises:
        DataError: The folder cannot be used as it is. The message has a line for each kind of problem, and each names
            the files (the first ten) and what to do.
    """
    found = images_below(raw, beside=beside)
    classes: dict[str, list[str]] = {folder: [] for folder in sorted(found.folders) if "/" not in folder}
    for name in found.names:
        classes[name.partition("/")[0]].append(name)
    pool = [] if unlabelled is None else classes.pop(unlabelled, [])
    if unlabelled is not None and not pool:
        raise DataError(NO_IMAGES.format(raw / unlabelled))
    _refuse_folders(raw, classes, found.folders)
    for own in classes.values():
        # os.walk's order, as torchvision sorts it: folder by folder, then names.
        own.sort(key=lambda name: name.rpartition("/")[::2])
    return Survey(classes, found.left_out, _warnings(classes), pool)


class Found(NamedTuple):
    """Files of the kinds that are read, told by their paths below a folder.

    Attributes:
        names: Of the files, folder by folder, each sorted.
        left_out: Reason → files that are not read.
        folders: Of those that are not left out.
    """

    names: list[str]
    left_out: dict[str, list[str]]
    folders: set[str]


def images_below(
    raw: Path, *, beside: Sequence[str] = (), suffixes: Sequence[str] = SUFFIXES, loose: bool = False
) -> Found:
    """List the files with certain suffixes, and account for every other.

    Args:
        raw: The folder.
        beside: Files that are read for something else.
        suffixes: Of what is read, in lower case.
        loose: Whether files may lie in ``raw`` itself.

    Raises:
        DataError: The folder cannot be used as it is; see `survey`.
    """
    entries = list(_walk(raw))
    left_out: dict[str, list[str]] = {}
    names: list[str] = []
    bad: dict[str, list[str]] = {}
    unread = UNREAD.format(", ".join(suffixes))
    for name, mode in entries:
        reason = harmless(name, mode)
        if reason and name not in beside:
            if not stat.S_ISDIR(mode):
                left_out.setdefault(reason, []).append(name)
            continue
        problem = _problem(name, mode, suffixes)
        if problem and not (name in beside and problem in (UNREAD, LOOSE)) and not (loose and problem == LOOSE):
            bad.setdefault(unread if problem == UNREAD else problem, []).append(name)
        elif not stat.S_ISDIR(mode) and name not in beside:
            names.append(name)
    if hidden := _unseen_by_dvc(raw, [*names, *beside]):
        bad[IGNORED] = hidden
    _refuse(raw, bad)
    return Found(
        names,
        {reason: sorted(own) for reason, own in left_out.items()},
        {name for name, mode in entries if stat.S_ISDIR(mode) and not harmless(name, mode)},
    )


def _walk(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield every entry below a folder, links not followed: its path below the folder, and its mode."""
    waiting = [""]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(folder / place) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
                modes = [entry.stat(follow_symlinks=False).st_mode for entry in found]
        except FileNotFoundError as error:
            raise DataError(
                f"{folder}: expected one folder of images a class, e.g. {folder}/cat/1.png; found no such folder"
            ) from error
        except OSError as error:
            raise DataError(f"{printable(folder / place)}: cannot be listed ({error.strerror})") from error
        for entry, mode in zip(found, modes, strict=True):
            name = f"{place}/{entry.name}" if place else entry.name
            yield name, mode
            if stat.S_ISDIR(mode):
                waiting.append(name)


def _unseen_by_dvc(raw: Path, names: list[str]) -> list[str]:
    """Name the files that a ``.dvcignore`` above ``raw``, up to the working folder, takes out of DVC's sight."""
    hidden = set[str]()
    for folder in (parent for parent in raw.parents if (parent / ".dvcignore").is_file()):
        patterns = GitIgnoreSpec.from_lines((folder / ".dvcignore").read_text().splitlines())
        below = raw.relative_to(folder).as_posix()
        hidden |= {name for name in names if patterns.match_file(f"{below}/{name}")}
    return sorted(hidden)


def harmless(name: str, mode: int) -> str | None:
    """Say why a file or folder is left out; None where it is not."""
    parts = name.split("/")
    if any(part.startswith(".") and part != ".dvcignore" for part in parts):
        return HIDDEN
    if any(part.lower() in LITTER for part in parts):
        return SYSTEM
    last = PurePosixPath(parts[-1].lower())
    return TEXT if stat.S_ISREG(mode) and (last.suffix in TEXTS or last.name in TEXT_NAMES) else None


NO_UTF8 = "names that are no UTF-8, which no table or page can show: rename them (convmv does it for many)"
UNPRINTABLE = "names with signs that cannot be printed: rename them"
LINKS = (
    "links, which DVC does not follow, so that a change behind them would pass unseen: put the files themselves there"
)
SPECIAL = "pipes, sockets or devices: take them out"
IGNORE = ".dvcignore files, which hide from DVC what would be read here: take them out"
IGNORED = "files that a .dvcignore hides from DVC, so that a change of them would pass unseen: change that file"
UNREAD = (
    "files of a kind that is not read (expected {}): convert them, take them out, or hide them (a dot before the name)"
)
NO_IMAGES = "{}: expected a folder of images without labels, as source.unlabelled says; found no image there"
LOOSE = "images beside the class folders, so that nothing says their class: move them into one, or take them out"


def _problem(name: str, mode: int, suffixes: Sequence[str]) -> str | None:
    """Say why a folder with this entry cannot be used, and what to do; None where nothing is wrong with it."""
    path = PurePosixPath(name)
    folder, regular = stat.S_ISDIR(mode), stat.S_ISREG(mode)
    applies = {
        NO_UTF8: any("\udc80" <= sign <= "\udcff" for sign in name),  # how Python spells bytes that are none
        UNPRINTABLE: not name.isprintable(),
        LINKS: stat.S_ISLNK(mode),
        SPECIAL: not (folder or regular),
        IGNORE: path.name == ".dvcignore",
        UNREAD: regular and not name.lower().endswith(tuple(suffixes)),
        LOOSE: regular and len(path.parts) == 1,
    }
    return next((problem for problem, found in applies.items() if found), None)


def _refuse(raw: Path, bad: dict[str, list[str]]) -> None:
    if bad:
        problems = "".join(
            "\n    ".join(
                [f"\n  {problem}", f"{len(names)} found: {listed(sorted(names))}", *_remedies(problem, names)]
            )
            for problem, names in bad.items()
        )
        raise DataError(f"{raw}: cannot be read as it is:{problems}")


def _remedies(problem: str, names: list[str]) -> list[str]:
    return remedies(sorted(names)) if problem.startswith(UNREAD.partition("(")[0]) else []


def _refuse_folders(raw: Path, classes: dict[str, list[str]], folders: set[str]) -> None:
    names = list(classes)
    if not names:
        raise DataError(f"{raw}: expected one folder of images a class, e.g. {raw}/cat/1.png; found no folder")
    if all(name.lower() in SPLITS for name in names):
        raise DataError(
            f"{raw}: the folders {listed(names)} are splits, no classes: read them with `kind: split_folders`, and say "
            f"`split: {{val: official, test: official}}` to keep them"
        )
    inside = sorted({name.split("/")[1] for name in folders if "/" in name})
    if len(names) == 1 and len(inside) > 1 and not any(name.count("/") == 1 for name in classes[names[0]]):
        raise DataError(
            f"{raw}: expected one folder a class, found a single folder, {names[0]}, that holds folders: "
            f"{listed(inside)}. Are these the classes? Move them up"
        )
    if len(names) == 1:
        raise DataError(
            f"{raw}: expected one folder of images a class, found a single folder, {names[0]}. Labels in "
            f"file names are not read: move the images into one folder a class, e.g. {raw}/cat/1.png; labels in a "
            "table are, with `kind: image_table`"
        )
    unlabelled = [name for name in names if name.lower() in NO_LABEL]
    if unlabelled:
        raise DataError(
            f"{raw}: {listed(unlabelled)} would be a class like any other, and by its name is none. Take it "
            "out of this folder, or, if it is a class, rename it; if its images have no label and recipes are to learn "
            f"from them, say `unlabelled: {unlabelled[0]}` in the source's block"
        )
    empty = [name for name, own in classes.items() if not own]
    if empty:
        raise DataError(f"{raw}: expected images ({', '.join(SUFFIXES)}) of every class, found none in {listed(empty)}")


def _warnings(classes: dict[str, list[str]]) -> list[str]:
    found = []
    if named := [name for name in classes if name.lower() in SPLITS]:
        found.append(
            f"classes with the names of splits: {listed(named)}. They are taken for classes; if they are splits, move "
            "their images into the folders of their classes"
        )
    split = [name for name, own in classes.items() if any(_inner(each) in SPLITS for each in own)]
    if split:
        found.append(
            f"class folders with folders for splits in them: {listed(split)}. Those are not heeded: all images of a "
            "class are dealt anew, as the block's `split` says"
        )
    inner = [{_inner(each) for each in own} for own in classes.values()]
    common = sorted(set.intersection(*inner) - {"", *SPLITS})
    if len(common) > 1 and not any("" in each for each in inner):
        found.append(
            f"every class folder holds folders of the same names: {listed(common)}. If these are the classes, and "
            f"{listed(classes)} are folds, places or sessions, move the images into one folder a class, and name the "
            "others as groups in a CSV file"
        )
    return found


def _inner(name: str) -> str:
    parts = name.split("/")
    return parts[1].lower() if len(parts) > 2 else ""
