"""The stage as the command line calls it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from augment.core.paths import PathPattern
from augment.core.records import write_record
from augment.core.store import write_csv, write_json
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.split_spec import PerClassScarcity, SplitSpec
from augment.runtime.runtime_spec import RuntimeSpec
from augment.stages.overview import overview
from augment.stages.report import report
from augment.synthesis.classical.fillers_spec import TransportSpec
from augment.synthesis.gan.gan_spec import GanSpec
from tests.page.examples import dataset, history, png

SYNTHESIZER = {"grid": "g.png", "nearest_train": "n.png", "history": "h.csv", "filmstrip": "f.png"}


def settings(folder: Path) -> dict[str, Any]:
    """Write what `compare` writes, and give the stage's arguments."""
    write_record(folder / "toys" / "result.json", dataset().result)
    spec = SimpleNamespace(
        source=ImageFolderSource(kind="image_folder", image_size=8, mode="grey"),
        split=SplitSpec(val=0.2, test=0.2),
        scarcity=PerClassScarcity(kind="per_class", count=10),
        synthesizers={"gan": GanSpec(steps=10)},
    )
    patterns = {name: PathPattern(f"{folder}/toys/{{synthesizer}}/{file}") for name, file in SYNTHESIZER.items()}
    return {
        "dataset": "toys",
        "seed": 0,
        "seeds": 3,
        "runtime": RuntimeSpec(),
        "spec": spec,
        "datasets": {"toys": spec, "broken": spec},
        "synthesizers": {"gan": ["gan"]},
        "result": folder / "toys" / "result.json",
        "files": folder / "toys" / "files.json",
        "confusion": PathPattern(f"{folder}/toys/{{train_set}}-{{recipe}}.csv"),
        "lock": folder / "dvc.lock",
        "costs": folder / "costs",
        "figures": folder / "reports" / "toys" / "figures",
        "page": folder / "reports" / "toys" / "index.html",
        "results": PathPattern(f"{folder}/{{each}}/result.json"),
        "pages": PathPattern(f"{folder}/reports/{{each}}/index.html"),
        "overview": folder / "reports" / "index.html",
        **patterns,
    }


def write_the_rest(folder: Path) -> None:
    for name, table in dataset().confusion.items():
        write_csv(folder / "toys" / f"{name.replace('/', '-')}.csv", table)
    made = folder / "toys" / "gan"
    write_csv(made / "h.csv", history())
    for name in ("g.png", "n.png", "f.png"):
        (made / name).write_bytes(png())
    (folder / "dvc.lock").write_text("stages: {compare@toys: {deps: [{path: raw/toys, md5: abc, size: 1}], outs: []}}")
    cost = {
        "stage": "compare@toys",
        "wall_s": 1.0,
        "cpu_s": 1.0,
        "peak_bytes": 1,
        "ended": "2030",
        "hardware": "a slow one",
    }
    write_json(folder / "costs" / "compare.json", cost)


def test_it_shows_what_is_there(tmp_path: Path) -> None:
    arguments = settings(tmp_path)
    report.run(**arguments)
    bare = arguments["page"].read_text()
    write_the_rest(tmp_path)
    report.run(**arguments)
    full = arguments["page"].read_text().replace("<wbr>", "")
    for text in ("Confusions", "data:image/png", "evaluation point", "raw/toys", "a slow one"):
        assert (text in bare, text in full) == (False, True), text
    names = {"accuracy", "recall", "gan-label_fidelity", "gan-loss_d"}
    names |= {f"difference-{rival}" for rival in ("real", "best_real", "same_recipe")}
    assert {path.name for path in arguments["figures"].iterdir()} == {f"toys-{name}.svg" for name in names}


def test_the_order_of_translations_is_told_of_translations_alone(tmp_path: Path) -> None:
    arguments = settings(tmp_path)
    write_the_rest(tmp_path)
    said = "Translations stand in the order of the images that they were made of."
    report.run(**arguments)
    assert said not in arguments["page"].read_text()
    arguments["spec"].synthesizers["gan"] = TransportSpec(kind="transport")
    report.run(**arguments)
    assert said in arguments["page"].read_text()


def test_every_report_brings_the_overview_up_to_date(tmp_path: Path) -> None:
    arguments = settings(tmp_path)
    report.run(**arguments)
    text = arguments["overview"].read_text()
    assert '<a href="toys/index.html">' in text
    assert text.count("No results: its run has failed or is still to end.") == 1


def test_the_reports_of_datasets_that_are_no_more_disappear_and_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = settings(tmp_path)
    report.run(**arguments)
    reports = tmp_path / "reports"
    # What `summary` writes, as in a fresh clone: the page itself is not in git.
    for name in ("gone", "toys", "notes/older"):
        (reports / name / "metrics").mkdir(parents=True)
    for name in ("gone", "toys", "notes", "notes/older", "words"):
        (reports / name).mkdir(exist_ok=True)
        (reports / name / "comparison.md").touch()
    (reports / "words" / "metrics").touch()  # of somebody's own: no folder
    (reports / "figures" / "metrics").mkdir(parents=True)  # likewise: without a comparison
    paths = {name: arguments[name] for name in ("results", "pages", "overview")}
    before = {path for path in reports.rglob("*") if reports / "gone" not in (path, *path.parents)}
    overview.run(datasets={"toys": arguments["spec"]}, curves=reports / "learning-curves", **paths)
    curves = reports / "learning-curves"
    assert set(reports.rglob("*")) == before | {curves, curves / "about.txt"}
    removed = f"overview: removed {reports / 'gone'}, as params.yaml has no dataset gone"
    assert capsys.readouterr().out.splitlines()[-2:] == [removed, f"overview: {arguments['overview']}"]
