from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from augment.core.paths import PathPattern
from augment.core.records import write_record
from augment.core.store import write_text
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.sources.torchvision import TorchvisionSource
from augment.datasets.split_spec import PerClassScarcity, SplitSpec
from augment.page.content import DatasetResults
from augment.page.overview import Entry, families, render, write_overview
from augment.page.svg import Drawing
from augment.results.kinds import ArmKind, Missing
from augment.results.record import LeftOut
from tests.comparison.simulated import arm, random_hits
from tests.page.examples import dataset
from tests.results.examples import result_of

FOLDER = ImageFolderSource(kind="image_folder", image_size=8, mode="grey")
MNIST = TorchvisionSource(kind="torchvision", name="MNIST")


def block(source: Any, count: int) -> Any:
    split, scarcity = SplitSpec(val=0.2, test=0.2), PerClassScarcity(kind="per_class", count=count)
    return SimpleNamespace(source=source, split=split, scarcity=scarcity)


def written(folder: Path, source: Any = FOLDER) -> tuple[str, list[Drawing]]:
    """Write the overview of two datasets with results, one of which has a page, and of one without any."""
    for name in ("toys", "more"):
        write_record(folder / name / "result.json", dataset(name).result)
    write_text(folder / "reports" / "toys" / "index.html", "")
    blocks = {name: block(source, count) for count, name in ((10, "toys"), (20, "more"), (30, "broken"))}
    paths = (PathPattern(f"{folder}/{place}") for place in ("{each}/result.json", "reports/{each}/index.html"))
    curves = write_overview(folder / "reports" / "index.html", blocks, *paths)
    return (folder / "reports" / "index.html").read_text(), curves


def test_a_dataset_without_results_costs_the_others_nothing(tmp_path: Path) -> None:
    page, _ = written(tmp_path)
    assert page.count("Use the synthetic images: train on <code>merged</code>") == 2
    assert page.count("No results: its run has failed or is still to end.") == 1
    links = [each for each in ("toys", "more", "broken") if f'<th scope="row"><a href="{each}/index.html">' in page]
    assert links == ["toys"]


@pytest.mark.parametrize(("source", "drawn"), [(FOLDER, 0), (MNIST, 1)])  # each dataset's own folder
def test_only_datasets_of_the_same_images_make_a_learning_curve(tmp_path: Path, source: Any, drawn: int) -> None:
    page, curves = written(tmp_path, source)
    assert (page.count("<svg"), len(curves), "Learning curves" in page) == (drawn, drawn, bool(drawn))
    if drawn:
        assert "over 10, 20 training images a class: toys, more." in page


def test_a_mix_that_adds_nothing_is_told_with_what_to_change() -> None:
    arms = [arm("real", "plain", random_hits(0.6, 0), 0.6), arm("merged", "plain", random_hits(0.6, 1), 0.6)]
    arms[1] = replace(arms[1], kind=ArmKind.EMPTY_MIX)
    shown = render([Entry("toys", replace(dataset(), result=result_of(arms)), None, None)], [])
    assert "not judged: no synthetic image was added to <code>merged</code>. Where every class had as many" in shown
    assert "not judged:" not in render([Entry("toys", dataset(), None, None)], [])


def of_size(name: str, per_class: int) -> DatasetResults:
    return replace(dataset(name), per_class=per_class)


def test_datasets_that_differ_in_their_number_of_images_make_a_learning_curve() -> None:
    members = families([of_size("b", 50), of_size("a", 10), dataset(), replace(of_size("c", 9), family="other")])
    assert [[each.result.dataset for each in family] for family in members] == [["a", "b"]]


def test_what_is_left_out_is_said_before_the_advice() -> None:
    without = [LeftOut(name="gan", missing=Missing.FAILED_CHECKS, reasons=("class <i>: collapse",))]
    result = result_of([arm("real", "plain", random_hits(0.6, 0), 0.6)], {}, without)
    page = render([Entry("toys", replace(dataset(), result=result), None, None)], [])
    said = "<code>gan</code> failed its checks (class &lt;i&gt;: collapse): leave it out."
    assert page.index(said) < page.index("<strong>Train on <code>real</code>") < page.index("not judged")
