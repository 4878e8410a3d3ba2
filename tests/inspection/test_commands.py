"""The verbs inspect and add: what a user has on disk becomes a dataset of the project, or is refused by name."""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from augment import command_line
from augment.core.errors import DataError, SettingsError
from augment.core.store import write_text
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.inspection import commands
from augment.inspection.recognition import reader, recognised
from augment.inspection.settings_text import with_dataset
from augment.settings import load_settings
from tests.datasets.layouts import LAYOUTS, image_folder, pictures

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """A project of nothing but the settings that come with it."""
    (tmp_path / "project" / "raw").mkdir(parents=True)
    shutil.copy(PROJECT / "params.yaml", tmp_path / "project")
    return tmp_path / "project" / "params.yaml"


def add(name: str, source: Path, params: Path, *, quick: bool = False, copied: bool = False) -> None:
    commands.add(name, source, params, params.parent / "raw", quick=quick, copied=copied)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OWN = {name: layout for name, layout in LAYOUTS.items() if name not in ("huggingface", "metadata")}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognised(name: str, tmp_path: Path) -> None:
    LAYOUTS[name].write(tmp_path)
    (tmp_path / ".DS_Store").write_bytes(b"")
    (tmp_path / "README.md").write_text("Pictures.")
    expected = dict(LAYOUTS[name].source)
    if name == "huggingface":  # whose shards, once they are there, are Parquet like any other
        expected = {"kind": "parquet"}
    if name == "metadata":
        frame_files = sorted(tmp_path.rglob("metadata.csv"))
        for path in frame_files:
            pd.read_csv(path).rename(columns={"what": "Class"}).to_csv(path, index=False)
        expected["label"] = "Class"
    assert recognised(tmp_path) == expected
    assert reader(expected).listing(tmp_path).told.counts().tolist() == [12, 12]


@pytest.mark.parametrize("name", OWN)
def test_what_add_writes_prepare_reads(name: str, tmp_path: Path, params: Path) -> None:
    OWN[name].write(tmp_path / "toys")
    before = contents(tmp_path / "toys")
    old = params.read_text()
    add("toys", tmp_path / "toys", params)
    assert contents(tmp_path / "toys") == before == contents(params.parent / "raw" / "toys")
    dataset = load_settings(params).datasets["toys"]
    images = dataset.source.load(params.parent / "raw" / "toys").images
    assert images.shape == (24, 1, 12, 12)  # at their own size, without a resize
    assert sorted(images[:, 0, 0, 0].tolist()) == list(range(24))
    assert len(added(old, params)) <= 15
    assert dataset.split.test == ("official" if OWN[name].splits else 0.2)
    assert dataset.split.together() == ({"group"} if OWN[name].groups and not OWN[name].splits else set())


def added(old: str, params: Path) -> list[str]:
    """Give the lines that are new; all the others are as they were."""
    text = params.read_text()
    start = text.index("  toys:\n")
    end = start + len(text) - len(old)
    assert text[:start] + text[end:] == old
    return text[start:end].splitlines(keepends=True)


def test_files_get_a_second_name_or_are_copied(tmp_path: Path, params: Path) -> None:
    image_folder(tmp_path / "toys")
    add("linked", tmp_path / "toys", params)
    add("copied", tmp_path / "toys", params, copied=True)
    first = tmp_path / "toys" / "groups.csv"
    raw = params.parent / "raw"
    assert first.samefile(raw / "linked" / "groups.csv")
    assert not first.samefile(raw / "copied" / "groups.csv")
    assert not (raw / "copied" / "groups.csv").is_symlink()


def test_files_that_lie_in_raw_already_stay_there(params: Path) -> None:
    raw = params.parent / "raw"
    image_folder(raw / "toys")
    before = contents(raw)
    add("toys", raw / "toys", params)
    assert contents(raw) == before
    assert "toys" in load_settings(params).datasets


def test_a_file_of_arrays_is_a_dataset_by_itself(tmp_path: Path, params: Path, capsys: Any) -> None:
    LAYOUTS["npz_keras"].write(tmp_path)
    (tmp_path / "note.txt").write_text("not to be copied")
    add("toys", tmp_path / "data.npz", params)
    assert list(contents(params.parent / "raw" / "toys")) == ["data.npz"]
    assert capsys.readouterr().out.endswith(
        f"Next: make repro   (dvc add {params.parent}/raw/toys puts the images under version control)\n"
    )


def test_a_first_look_has_smaller_images_and_fewer_steps(tmp_path: Path, params: Path) -> None:
    for number in range(24):
        path = tmp_path / "big" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (90, 120, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    add("big", tmp_path / "big", params)
    add("small", tmp_path / "big", params, quick=True)
    written = yaml.safe_load(params.read_text())["datasets"]
    assert (written["big"]["source"]["image_size"], written["small"]["source"]["image_size"]) == ([48, 64], [24, 32])
    steps = [written[name]["synthesizers"]["gan"]["steps"] for name in ("big", "small")]
    assert steps == [2000, 600]


def test_a_name_that_yaml_reads_as_something_else_is_told_of_the_settings(tmp_path: Path, params: Path) -> None:
    image_folder(tmp_path / "toys")
    before = contents(params.parent)
    with pytest.raises(
        SettingsError, match=r"project/params\.yaml: line \d+: expected a name, found no, which YAML may"
    ):
        add("no", tmp_path / "toys", params)
    assert contents(params.parent) == before


@pytest.mark.parametrize("name", ["00.png", "groups.csv"])
def test_a_single_file_of_a_dataset_is_none(name: str, tmp_path: Path, params: Path) -> None:
    image_folder(tmp_path / "toys")
    (file,) = (tmp_path / "toys").rglob(name)
    with pytest.raises(DataError, match=rf"{name}: expected a folder of images, or .*: name the folder in which it"):
        commands.inspect(file, params, None)


def test_an_archive_is_refused_with_how_to_unpack_it(tmp_path: Path, params: Path) -> None:
    (tmp_path / "toys").mkdir()
    (tmp_path / "toys" / "toys.tar.gz").write_bytes(b"")
    with pytest.raises(DataError, match=r"file that holds many .*: \.tar\.gz: `tar -xf FILE\.tar\.gz` unpacks it"):
        commands.inspect(tmp_path / "toys" / "toys.tar.gz", params, None)
    with pytest.raises(DataError, match=r"found toys\.tar\.gz\n  \.tar\.gz: `tar -xf"):
        commands.inspect(tmp_path / "toys", params, None)


@pytest.mark.parametrize("name", ["digits", "My-Images", "size"])
def test_a_name_that_cannot_be_is_refused_before_anything_is_written(name: str, tmp_path: Path, params: Path) -> None:
    image_folder(tmp_path / "toys")
    before = contents(params.parent)
    with pytest.raises(SettingsError):
        add(name, tmp_path / "toys", params)
    assert contents(params.parent) == before


def test_nothing_is_overwritten(tmp_path: Path, params: Path) -> None:
    image_folder(tmp_path / "toys")
    there = params.parent / "raw" / "toys" / "mine.png"
    there.parent.mkdir()
    there.write_bytes(b"mine")
    before = contents(params.parent)
    with pytest.raises(DataError, match=r"raw/toys: expected nothing there yet; nothing is overwritten"):
        add("toys", tmp_path / "toys", params)
    assert contents(params.parent) == before


def test_an_image_that_cannot_be_read_is_named_and_nothing_is_written(tmp_path: Path, params: Path) -> None:
    image_folder(tmp_path / "toys")
    (tmp_path / "toys" / "box" / "00.png").write_bytes(b"no image")
    before = contents(params.parent)
    with pytest.raises(DataError, match=r"toys: 1 image cannot be read:\n  box/00.png: expected an image"):
        add("toys", tmp_path / "toys", params)
    assert contents(params.parent) == before


def test_settings_that_cannot_be_written_leave_no_images_behind(
    tmp_path: Path, params: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_folder(tmp_path / "toys")

    def full(path: Path, text: str) -> None:
        if path == params:
            raise OSError("disk full")
        write_text(path, text)

    monkeypatch.setattr(commands, "write_text", full)
    with pytest.raises(OSError, match="disk full"):
        add("toys", tmp_path / "toys", params)
    assert not (params.parent / "raw" / "toys").exists()


def test_a_block_goes_behind_the_last_dataset_whatever_follows(tmp_path: Path) -> None:
    text = "datasets:  # all\n    a:\n        x: {y: 1}  # last\n\n# more\ngate:\n  z: 1"
    (tmp_path / "params.yaml").write_text(text)
    made = with_dataset(tmp_path / "params.yaml", "b", {"x": {"y": 2}})
    assert made == text.replace("# last\n", "# last\n    b:\n      x: {y: 2}\n")
    (tmp_path / "params.yaml").write_text("datasets:\n  a:\n    - 1")
    assert with_dataset(tmp_path / "params.yaml", "b", {"x": 1}) == "datasets:\n  a:\n    - 1\n  b:\n    x: 1\n"
    for unfit in ("datasets: {}\n", "seed: 0\n", "datasets: {a: 1}\n"):
        (tmp_path / "params.yaml").write_text(unfit)
        with pytest.raises(SettingsError, match="expected `datasets:` and a dataset on lines of its own"):
            with_dataset(tmp_path / "params.yaml", "b", {})


def inspected(source: Path, params: Path, capsys: pytest.CaptureFixture[str], page: Path | None = None) -> str:
    commands.inspect(source, params, page)
    return " ".join(capsys.readouterr().out.split())


def test_inspect_says_what_is_there(tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toys = tmp_path / "toys"
    LAYOUTS["split_folders"].write(toys)
    first, second, *_, last = pictures()
    (toys / "Train" / "box" / "copy.png").write_bytes(first.file())
    (toys / "testing" / "box" / "disputed.png").write_bytes(second.file())
    near = last.pixels.copy()
    near[5, 5] += 1
    buffer = io.BytesIO()
    Image.fromarray(near).save(buffer, "PNG")
    (toys / "Train" / CLASS_OF[last.label] / "near.png").write_bytes(buffer.getvalue())
    (toys / "Train" / "disc" / "bad.png").write_bytes(b"")
    before = contents(tmp_path)
    said = inspected(toys, params, capsys, tmp_path / "page.html")
    assert "split folders: 28 images of 2 classes class images train val test" in said
    assert "size: 12×12 pixels (height × width) colours: L (27)" in said
    assert "copies: 1 image with the picture of another of their class" in said
    assert "labels: 1 picture under several labels, and left out: Train/disc/01.png = " in said
    assert "box loses 1 of 14, disc loses 1 of 14. Leave each in one class" in said
    assert "params.yaml, once what is said above is mended by: python -m augment add toys" in said
    assert "2 images have one (frames of a film, one object in a row?); 1 of 1 pairs straddle the source's own" in said
    assert "UNREAD: 1 image, with which nothing starts: Train/disc/bad.png (expected an image, found an empty" in said
    assert "question: How well does a classifier do on the test images that the source sets apart?" in said
    assert "not so: split: 1 set of images to keep together, as keep_together says, in two splits" in said
    assert "of less than" in said
    assert "split: {val: official, test: official} scarcity" in said
    html = (tmp_path / "page.html").read_text()
    assert html.count("data:image/png;base64,") == 2 + 2
    assert "Train/disc/bad.png: expected an image" in html
    (tmp_path / "page.html").unlink()
    assert contents(tmp_path) == before


CLASS_OF = ("box", "disc")


def test_inspect_doubts_what_cannot_be_dealt(tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image_folder(tmp_path / "toys")
    frame = pd.read_csv(tmp_path / "toys" / "groups.csv")
    frame["group"] = ["one", "two"] * 12
    frame.to_csv(tmp_path / "toys" / "groups.csv", index=False)
    said = inspected(tmp_path / "toys", params, capsys)
    assert "not so: split.test, split.keep_together: every class needs at least 3 sets of images" in said
    assert "split: {val: 0.2, test: 0.2} scarcity" in said


def test_a_class_that_is_lost_to_its_labels_is_refused_before_anything_is_written(
    tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image_folder(tmp_path / "toys")
    (tmp_path / "toys" / "grainy").mkdir()
    for file in sorted((tmp_path / "toys" / "box").iterdir())[:6]:
        shutil.copy(file, tmp_path / "toys" / "grainy")
    (tmp_path / "toys" / "groups.csv").unlink()
    before = contents(params.parent)
    said = inspected(tmp_path / "toys", params, capsys)
    assert "6 pictures under several labels, and left out" in said
    assert "box loses 6 of 12, grainy loses 6 of 6" in said
    assert "not so: split.test: every class needs at least 2 images to set some apart, too few of grainy (0)" in said
    assert "test images:" not in said
    with pytest.raises(DataError, match=r"cannot be dealt to train, val and test: split\.test: .* grainy loses 6 of 6"):
        add("toys", tmp_path / "toys", params)
    assert contents(params.parent) == before


def test_what_a_run_takes_is_said_last_and_on_the_page(
    tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image_folder(tmp_path / "toys")
    asked = []

    def cost(*about: Any) -> str:
        asked.append(about)
        return "a while"

    commands.inspect(tmp_path / "toys", params, tmp_path / "page.html", cost)
    assert "\n\nA run takes:  a while\n\nWith pictures: " in capsys.readouterr().out
    assert "<dt>A run takes</dt><dd>a while</dd>" in (tmp_path / "page.html").read_text()
    [(where, name, block, raw)] = asked
    assert (where, name, raw) == (params, "toys", tmp_path / "toys")
    assert block["source"] == {"kind": "image_folder", "groups": "groups.csv", "image_size": 12, "mode": "grey"}


def test_many_classes_fit_on_a_screen(tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (900, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "many.npz", images=images, labels=np.arange(900) % 300)
    commands.inspect(tmp_path / "many.npz", params, None)
    out = capsys.readouterr().out
    assert "900 images of 300 classes" in out
    assert len(out.splitlines()) < 60


FILES = [f"{number:02}.png" for number in range(12)]


def spoken(columns: str, *, mark: str = ",", folder: str = "") -> str:
    """Write a table that names images."""
    first, second = columns.split(mark)
    return f"{first}{mark}{second}\n" + "".join(f"{folder}{name}{mark}p{name[:1]}\n" for name in FILES)


UNREAD = {
    "semicolons": ("a.csv", spoken("file;group", mark=";").encode(), "a.csv: expected commas between the columns"),
    "tabs": ("a.csv", spoken("file\tgroup", mark="\t").encode(), "a.csv: expected commas between the columns"),
    "tsv": ("a.tsv", spoken("file\tgroup", mark="\t").encode(), "a.tsv: names images, and is not read: save it with"),
    "latin1": ("a.csv", spoken("file,café").encode("latin-1"), "a.csv: expected a table, in UTF-8, with commas"),
    "utf16": ("a.csv", spoken("file,group").encode("utf-16"), "a.csv: expected a table, in UTF-8, with commas"),
    "uneven": ("a.csv", (spoken("file,group") + "box/00.png\n").encode(), "expected 2 fields in every row"),
}


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize("labels", [True, False])
def test_a_table_that_names_images_is_never_passed_over(name: str, labels: bool, tmp_path: Path) -> None:
    image_folder(tmp_path)
    (tmp_path / "groups.csv").unlink()
    if labels:  # in which case nothing but a table says what an image shows
        for folder in ("box", "disc"):
            for file in list((tmp_path / folder).iterdir()):
                file.rename(tmp_path / file.name)
            (tmp_path / folder).rmdir()
    table, data, said = UNREAD[name]
    (tmp_path / table).write_bytes(data)
    with pytest.raises(DataError) as error:
        recognised(tmp_path)
    assert said in str(error.value)
    assert "If it is not about these images, hide it" in str(error.value)
    (tmp_path / table).write_bytes(data.replace(b"png", b"jpg").replace(b"p\0n\0g\0", b"j\0p\0g\0"))
    if not labels:
        assert recognised(tmp_path) == {"kind": "image_folder"}


@pytest.mark.parametrize("table", ["filename,patient", "file,group,.jsonl"])
def test_groups_that_would_be_passed_over_are_refused(table: str, tmp_path: Path) -> None:
    image_folder(tmp_path)
    (tmp_path / "groups.csv").unlink()
    first, second, *suffix = table.split(",")
    frame = pd.DataFrame({first: [f"box/{name}" for name in FILES], second: "north"})
    if suffix:
        frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    else:
        frame.to_csv(tmp_path / "a.csv", index=False)
    text = (tmp_path / f"a{suffix[0] if suffix else '.csv'}").read_text()
    for name in FILES[:4]:
        assert name in text
    with pytest.raises(DataError, match="names images and their groups: save it as a CSV file with the columns file"):
        recognised(tmp_path)


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        ("labels.csv", "file,circle,square\n00.png,1,0\n", "labels.csv: the columns file, circle, square"),
        ("labels.csv", "00.png,disc\n01.png,box\n", "labels.csv: the columns 00.png, disc"),
        ("labels.json", "[]", "labels.json: of a kind that is not read"),
        ("labels.csv", '"a', "labels.csv: expected a table, in UTF-8, with commas (Error: "),
    ],
)
def test_where_no_table_says_what_images_show_those_there_are_named(
    table: str, text: str, said: str, tmp_path: Path
) -> None:
    LAYOUTS["csv"].write(tmp_path)
    (tmp_path / "labels.csv").unlink()
    (tmp_path / table).write_text(text)
    with pytest.raises(DataError, match="no table that says what the images show") as error:
        recognised(tmp_path)
    assert said in str(error.value)


def test_test_images_without_class_folders_are_named(tmp_path: Path, params: Path) -> None:
    LAYOUTS["split_folders"].write(tmp_path / "toys")
    (tmp_path / "toys" / "testing" / "loose.png").write_bytes(next(pictures()).file())
    for folder in ("box", "disc"):
        shutil.rmtree(tmp_path / "toys" / "testing" / folder)
    with pytest.raises(DataError, match=r"toys/testing: .*\n.*images beside the class folders.*\n.*1 found: loose.png"):
        commands.inspect(tmp_path / "toys", params, None)


def test_columns_of_parquet_are_found_by_their_usual_names(tmp_path: Path, params: Path) -> None:
    rows = [
        {"img": {"bytes": each.file(), "path": None}, "Patient ID": each.group, "class": each.label}
        for each in pictures()
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "all.parquet")
    add("toys", tmp_path / "all.parquet", params)
    written = yaml.safe_load(params.read_text())["datasets"]["toys"]
    block = {
        "kind": "parquet",
        "image": "img",
        "label": "class",
        "group": "Patient ID",
        "image_size": 12,
        "mode": "grey",
    }
    assert written["source"] == block
    assert written["split"]["keep_together"] == ["group"]
    pd.DataFrame({"image": [b""], "fine": [0]}).to_parquet(tmp_path / "all.parquet")
    with pytest.raises(
        DataError, match=r"column\(s\) label, found image, fine: say which is meant by `image` and `label`"
    ):
        commands.inspect(tmp_path / "all.parquet", params, None)


@pytest.mark.parametrize(
    ("kind", "scale", "depth"),
    [
        (np.float32, 1 / 255, {"depth": "window", "window": [0, 1]}),
        (np.int64, 1, {"depth": "window", "window": [0, 255]}),
        (np.uint16, 16, {"depth": "percentile"}),
    ],
)
def test_numbers_on_a_usual_scale_keep_their_levels(
    kind: Any, scale: float, depth: dict[str, Any], tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = np.random.default_rng(0).integers(0, 200, (24, 8, 8))
    images[0, 0, 0] = 255
    np.savez(tmp_path / "a.npz", images=(images * scale).astype(kind), labels=np.arange(24) % 2)
    said = inspected(tmp_path / "a.npz", params, capsys)
    assert f"depth: 24 are numbers from 0 to {255 * scale:g} of another kind than 8 bits: say by `depth`" in said
    add("toys", tmp_path / "a.npz", params)
    written = yaml.safe_load(params.read_text())["datasets"]["toys"]["source"]
    assert {key: written[key] for key in written if key in ("depth", "window")} == depth
    read = load_settings(params).datasets["toys"].source.load(params.parent / "raw" / "toys").images[:, 0]
    assert (read == images).all() == (depth["depth"] == "window")


def test_whole_numbers_of_eight_bits_with_a_sign_are_told_to_need_a_depth(tmp_path: Path, params: Path) -> None:
    images = np.random.default_rng(0).integers(-100, 100, (24, 8, 8)).astype(np.int8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(24) % 2)
    add("toys", tmp_path / "a.npz", params)
    assert yaml.safe_load(params.read_text())["datasets"]["toys"]["source"]["depth"] == "percentile"


@pytest.mark.parametrize("found", [[], ["notes.txt"], ["film.mp4"]])
def test_a_folder_without_images_says_what_is_read(found: list[str], tmp_path: Path, params: Path) -> None:
    folder = tmp_path / "toys"
    folder.mkdir()
    for name in found:
        (folder / name).write_text("x")
    with pytest.raises(DataError, match=r"toys: expected images \(.bmp, .* or files that hold many \(.parquet"):
        commands.inspect(folder, params, None)
    with pytest.raises(DataError, match=r"nowhere: expected a folder or a file, found none"):
        commands.inspect(tmp_path / "nowhere", params, None)


def test_the_command_line_has_both(tmp_path: Path, params: Path, monkeypatch: Any, capsys: Any) -> None:
    image_folder(tmp_path / "my Toys 2")
    monkeypatch.chdir(params.parent)
    assert command_line.main(["inspect", str(tmp_path / "my Toys 2"), "--page", "page.html", "--no-estimate"]) == 0
    said = capsys.readouterr().out
    assert f"python -m augment add my_toys_2 '{tmp_path}/my Toys 2'" in said
    assert "A run takes" not in said + Path("page.html").read_text()
    assert command_line.main(["add", "toys", str(tmp_path / "my Toys 2"), "--quick", "--copy"]) == 0
    assert "Next: make quick" in capsys.readouterr().out
    assert (params.parent / "raw" / "toys" / "groups.csv").is_file()
    assert command_line.main(["add", "toys", str(tmp_path / "my Toys 2")]) == 65
    assert "datasets.toys already exists; expected another name" in capsys.readouterr().err


def test_images_without_labels_are_recognised_by_their_folders_name_and_said(
    tmp_path: Path, params: Path, capsys: Any
) -> None:
    for number, name in enumerate([f"{label}/{n}.png" for label in ("cat", "dog", "Unlabeled") for n in range(12)]):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (12, 12), dtype=np.uint8)).save(path)
    commands.inspect(tmp_path / "pets", params, None)
    said = " ".join(capsys.readouterr().out.split())
    assert "24 images of 2 classes" in said
    assert "no label: 12 images beside these, not looked at, and of no class, as the block's `unlabelled` says" in said
    add("pets", tmp_path / "pets", params)
    source = load_settings(params).datasets["pets"].source
    assert isinstance(source, ImageFolderSource)
    assert source.unlabelled == "Unlabeled"
    read = source.load(params.parent / "raw" / "pets")
    assert (len(read.images), len(read.unlabelled.images if read.unlabelled else [])) == (24, 12)


def test_images_without_labels_are_recognised_beside_splits_and_in_a_table(tmp_path: Path) -> None:
    LAYOUTS["split_folders"].write(tmp_path / "splits")
    shutil.copytree(next(tmp_path.glob("splits/*/*")), tmp_path / "splits" / "unlabelled")
    assert recognised(tmp_path / "splits") == {"kind": "split_folders", "unlabelled": "unlabelled"}
    LAYOUTS["csv"].write(tmp_path / "table")
    block = recognised(tmp_path / "table")
    assert "unlabelled" not in block
    path = next((tmp_path / "table").rglob("labels.csv"))
    frame = pd.read_csv(path)
    frame.loc[0, "label"] = ""
    frame.to_csv(path, index=False)
    assert recognised(tmp_path / "table") == block | {"unlabelled": True}
