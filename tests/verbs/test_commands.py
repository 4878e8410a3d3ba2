"""What a user types, and what comes of it."""

import json
from pathlib import Path

import pandas as pd
import pytest

from augment.command_line import VERBS, main
from augment.core.errors import EXIT_BAD_INPUT
from tests.finished.examples import finished_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("project"))


@pytest.fixture(autouse=True)
def _here(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run)


def test_export_says_where_and_what(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "toys", "--format", "coco-json"]) == 0
    expected = "exports/toys/product-coco-json: 120 images, 60 of them synthetic; its README.md says how to read it\n"
    assert capsys.readouterr().out == expected
    assert (run / "exports/toys/product-coco-json/annotations.json").is_file()
    assert main(["export", "toys", "--format", "coco-json"]) == EXIT_BAD_INPUT
    assert "error: exports/toys/product-coco-json: expected nothing there" in capsys.readouterr().err


def test_export_of_a_model(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "toys", "--what", "classifier", "--format", "torch", "--run", "1", "--to", "model"]) == 0
    assert capsys.readouterr().out == "model: 1 classifiers of merged/plain; its README.md says how to run them\n"
    assert json.loads((run / "model/model.json").read_text())["classifiers"] == 1
    assert main(["export", "toys", "--what", "generator", "--format", "torch", "--synthesizer", "smote"]) == 0
    assert "exports/toys/generator-torch: the generator smote" in capsys.readouterr().out


def test_sample_writes_images_a_table_and_a_picture(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and "exports" not in path.parts}
    assert main(["sample", "toys", "--class", "low", "--count", "3", "--seed", "1"]) == 0
    folder = run / "exports/toys/samples-gan-1"
    assert "samples-gan-1: 3 images of gan; look at exports/toys/samples-gan-1/grid.png" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "croissant.json",
        "export.json",
        "grid.png",
        "train",
    ]
    table = pd.read_csv(folder / "train/metadata.csv")
    assert (table["label"].tolist(), table["origin"].unique().tolist()) == (["low"] * 3, ["synthetic"])
    assert main(["sample", "toys", "--class", "low", "--count", "3", "--seed", "1", "--to", "again"]) == 0
    for name in ("train/low/000002.png", "grid.png"):
        assert (run / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert {path: path.read_bytes() for path in before} == before


def test_predict_prints_a_table_or_json(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "toys", "--format", "imagefolder", "--what", "test", "--to", "shown"]) == 0
    images = sorted(str(path.relative_to(run)) for path in (run / "shown/test/low").iterdir())[:2]
    capsys.readouterr()
    assert main(["predict", "toys", *images]) == 0
    first, *rows, last = capsys.readouterr().out.splitlines()
    assert first.split() == ["image", "class", "probability", "next"]
    assert [row.split()[:2] for row in rows] == [[image, "low"] for image in images]
    assert last.startswith("2 classifiers of merged/plain, calibrated on val (T = ")
    assert main(["predict", "toys", images[0], "--json", "--arm", "real/plain"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["arm"], said["classifiers"]) == ("real/plain", 2)
    (one,) = said["images"]
    assert one["class"] == "low"
    assert one["probability"] == max(one["probabilities"].values())
    assert sum(one["probabilities"].values()) == pytest.approx(1.0, abs=1e-3)


def test_predict_explains_and_overwrites_nothing(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("captum", reason="the extra explain is not installed")
    assert main(["export", "toys", "--format", "coco-json", "--what", "val", "--to", "val"]) == 0
    command = ["predict", "toys", "val/images/000000.png", "--explain", "why"]
    assert main(command) == 0
    assert [path.name for path in (run / "why").iterdir()] == ["000-000000.png"]
    assert main(command) == EXIT_BAD_INPUT
    assert "error: why/000-000000.png: expected nothing there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("export toyz --format npz", "unknown dataset 'toyz'; expected one of toys, later"),
        ("export later --format npz", "products/later: not there yet; run dvc repro first"),
        ("export toys --format zip", "unknown format of product 'zip'; expected one of coco-json, imagefolder, npz, "),
        (
            "export toys --what classifier --format npz",
            "unknown format of classifier 'npz'; expected one of torch, onnx",
        ),
        ("export toys --what failed --format npz", "mixes.failed: the images failed 1 check(s)"),
        ("sample toys --class cat --count 1 --seed 1", "unknown class 'cat'; expected one of low, T-shirt/top"),
        ("sample later --count 1 --seed 1", "models/later/synthesizers/gan: not there yet; run dvc repro first"),
        ("predict toys none.png", "1 of 1 files cannot be used:\n  none.png: cannot be read"),
        ("predict toys none.png --arm a/b", "unknown arm 'a/b'; expected one of real/plain, merged/plain"),
    ],
)
def test_what_is_wrong_is_told(command: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command.split()) == EXIT_BAD_INPUT
    assert f"error: {message}" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    assert f"python -m augment {verb}" in capsys.readouterr().out
