"""The stage as the command line calls it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from augment.core.paths import PathPattern
from augment.core.records import write_record
from augment.core.store import write_csv, write_json
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.sources.torchvision import TorchvisionSource
from augment.datasets.split_spec import PerClassScarcity, SplitSpec
from augment.runtime.runtime_spec import RuntimeSpec
from augment.stages.report import report
from tests.page.examples import dataset, history, png

SYNTHESIZER = {"grid": "g.png", "nearest_train": "n.png", "history": "h.csv", "filmstrip": "f.png"}


def settings(folder: Path) -> dict[str, Any]:
    """Write what `compare` writes, and give the stage's arguments."""
    write_record(folder / "toys" / "result.json", dataset().result)
    spec = SimpleNamespace(
        source=ImageFolderSource(kind="image_folder", image_size=8, mode="grey"),
        split=SplitSpec(val=0.2, test=0.2),
        scarcity=PerClassScarcity(kind="per_class", count=10),
    )
    patterns = {name: PathPattern(f"{folder}/{{dataset}}/{{synthesizer}}/{file}") for name, file in SYNTHESIZER.items()}
    return {
        "seed": 0,
        "seeds": 3,
        "runtime": RuntimeSpec(),
        "datasets": {"toys": spec},
        "synthesizers": {"gan": ["gan"]},
        "result": PathPattern(f"{folder}/{{dataset}}/result.json"),
        "confusion": PathPattern(f"{folder}/{{dataset}}/{{train_set}}-{{recipe}}.csv"),
        "lock": folder / "dvc.lock",
        "costs": folder / "costs",
        "figures": folder / "figures",
        "page": folder / "index.html",
        **patterns,
    }


def write_the_rest(folder: Path) -> None:
    for name, table in dataset().confusion.items():
        write_csv(folder / "toys" / f"{name.replace('/', '-')}.csv", table)
    made = folder / "toys" / "gan"
    write_csv(made / "h.csv", history())
    for name in ("g.png", "n.png", "f.png"):
        (made / name).write_bytes(png())
    (folder / "dvc.lock").write_text("stages: {compare: {deps: [{path: raw/toys, md5: abc, size: 1}], outs: []}}")
    cost = {"stage": "compare", "wall_s": 1.0, "cpu_s": 1.0, "peak_bytes": 1, "ended": "2030", "hardware": "a slow one"}
    write_json(folder / "costs" / "compare.json", cost)


@pytest.mark.parametrize(
    ("source", "drawn"),
    [
        (ImageFolderSource(kind="image_folder", image_size=8, mode="grey"), False),  # each dataset's own folder
        (TorchvisionSource(kind="torchvision", name="MNIST"), True),
    ],
)
def test_only_datasets_of_the_same_images_make_a_learning_curve(tmp_path: Path, source: Any, drawn: bool) -> None:
    arguments = settings(tmp_path)
    write_record(tmp_path / "more" / "result.json", dataset("more").result)
    split = SplitSpec(val=0.2, test=0.2)
    arguments["datasets"] = {
        name: SimpleNamespace(source=source, split=split, scarcity=PerClassScarcity(kind="per_class", count=count))
        for name, count in (("toys", 10), ("more", 20))
    }
    report.run(**arguments)
    assert ("Learning curves" in (tmp_path / "index.html").read_text()) is drawn


def test_it_shows_what_is_there(tmp_path: Path) -> None:
    arguments = settings(tmp_path)
    report.run(**arguments)
    bare = (tmp_path / "index.html").read_text()
    write_the_rest(tmp_path)
    report.run(**arguments)
    full = (tmp_path / "index.html").read_text()
    for text in ("Confusions", "data:image/png", "evaluation point", "raw/toys", "a slow one"):
        assert (text in bare, text in full) == (False, True), text
    names = {"accuracy", "recall", "gan-label_fidelity", "gan-loss_d"}
    names |= {f"difference-{rival}" for rival in ("real", "best_real", "same_recipe")}
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {f"toys-{name}.svg" for name in names}
