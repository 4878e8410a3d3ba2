"""Labels that are probably wrong: found among planted ones, right ones left alone, silence where nothing is known."""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_digits

from augment.core.images import IntArray
from augment.inspection import commands, labels
from augment.inspection.findings import Findings, look
from augment.inspection.labels import LEAST, label_errors
from augment.inspection.recognition import reader, recognised

PARAMS = Path(__file__).parents[2] / "params.yaml"
Pixels = npt.NDArray[np.uint8]


def digits() -> tuple[Pixels, IntArray]:
    found = load_digits()
    return (found.images * 15).astype(np.uint8), found.target.astype(np.int64)


def findings(folder: Path, images: Pixels, given: IntArray) -> Findings:
    np.savez(folder / "data.npz", images=images, labels=given)
    return look(reader(recognised(folder)), folder)


def test_planted_labels_are_found_with_what_they_should_be(tmp_path: Path) -> None:
    images, right = digits()
    planted = np.arange(5, len(right), 20)
    given = right.copy()
    given[planted] = (right[planted] + 1 + planted // 20 % 9) % 10
    errors = label_errors(findings(tmp_path, images, given))
    assert errors.looked_at == len(right)
    assert errors.recall == pytest.approx(0.93, abs=0.02)  # of the given labels, of which 5 % are wrong
    assert np.isin(errors.rows, planted).mean() > 0.9
    assert np.isin(planted, errors.rows).mean() > 0.75
    assert np.isin(errors.rows[:10], planted).all()
    assert errors.likely[:10].tolist() == right[errors.rows[:10]].tolist()


def test_right_labels_are_left_alone(tmp_path: Path) -> None:
    errors = label_errors(findings(tmp_path, *digits()))
    assert len(errors.rows) <= 2
    assert (errors.unknown, errors.recall > 0.95) == ("", True)


def test_of_many_images_a_sample_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "SAMPLE", 500)
    found = findings(tmp_path, *digits())
    assert label_errors(found).looked_at == 500


def test_rare_classes_and_what_is_told_anyway_are_left_out(tmp_path: Path) -> None:
    images, given = digits()
    few = np.flatnonzero(given == 9)
    rows = np.setdiff1d(np.flatnonzero(given > 6), few[LEAST - 1 :])
    images, given = images[rows], given[rows]
    # A copy, and the first picture once more under another label.
    images = np.concatenate([images, images[1:2], images[:1]])
    given = np.concatenate([given, given[1:2], (given[:1] - 6) % 3 + 7])
    errors = label_errors(findings(tmp_path, images, given))
    assert errors.looked_at == (given != 9).sum() - 1 - (given[[0, -1]] != 9).sum()


def noise(count: int) -> tuple[Pixels, IntArray]:
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8), dtype=np.uint8)
    return images, np.arange(count) % 2


def test_nothing_is_said_by_predictions_that_know_nothing(tmp_path: Path) -> None:
    errors = label_errors(findings(tmp_path, *noise(100)))
    assert errors.unknown.endswith("% of a class to be of it, too few to doubt a label by")
    assert (errors.looked_at, len(errors.rows)) == (100, 0)


def test_two_classes_with_enough_images_are_needed(tmp_path: Path) -> None:
    images, given = noise(2 * LEAST)
    assert label_errors(findings(tmp_path, images, given)).looked_at == 2 * LEAST
    errors = label_errors(findings(tmp_path, images[1:], given[1:]))
    assert errors.unknown == "it takes two classes of 10 or more different images each"


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    assert "pip install cleanlab (the extra `labels`)" in label_errors(findings(tmp_path, *noise(40))).unknown


def test_inspect_names_ten_and_the_page_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, given = digits()
    planted = np.arange(5, len(given), 20)
    given[planted] = (given[planted] + 1) % 10
    np.savez(tmp_path / "toys.npz", images=images, labels=given)
    commands.inspect(tmp_path / "toys.npz", PARAMS, tmp_path / "page.html")
    said = " ".join(capsys.readouterr().out.split())
    told = said[said.index("wrong labels: ") : said.index("question: ")]
    assert "images may have one (quick predictions tell 9" in told
    assert told.count(", likelier ") == 10
    row, label, likelier = told.partition("first: image ")[2].partition(")")[0].replace(",", "").split()[:3]
    assert (int(label.strip("(")), likelier) == (given[int(row)], "likelier")
    html = (tmp_path / "page.html").read_text()
    assert html.count(", likelier ") == 10 * (1 + 2)  # among the facts, then as caption and for those who do not see
    assert html.partition("Labels that may be wrong")[2].count("data:image/png;base64,") == 10
    capsys.readouterr()
    np.savez(tmp_path / "toys.npz", images=images, labels=digits()[1])
    commands.inspect(tmp_path / "toys.npz", PARAMS, tmp_path / "page.html")
    assert "wrong labels: none found (quick predictions tell 9" in " ".join(capsys.readouterr().out.split())
    assert "Labels that may be wrong" not in (tmp_path / "page.html").read_text()
