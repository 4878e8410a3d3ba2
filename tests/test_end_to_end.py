"""The real `dvc repro` in a temporary clone, on a tiny configuration: what runs, what does not, what comes out."""

import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from augment.core.container import read_image_set
from augment.core.records import read_record
from augment.results.kinds import Missing
from augment.results.record import Result
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from tests.workspaces import PROJECT, SHAPES, TINY_DATASET, Workspace, clone_project


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Clone the project and reproduce it once."""
    clone = clone_project(tmp_path_factory.mktemp("clone"))
    clone.run("git", "init", "--quiet")
    clone.run("git", "config", "user.email", "test@example.invalid")
    clone.run("git", "config", "user.name", "test")
    clone.repro()
    clone.run("git", "add", "--all")
    clone.run("git", "commit", "--quiet", "--message", "A reference run")
    return clone


pytestmark = pytest.mark.end_to_end


def test_every_output_is_there_and_sound(workspace: Workspace) -> None:
    train = read_image_set(workspace.path / "data/digits/train/real")
    merged = read_image_set(workspace.path / "data/digits/train/merged")
    assert train.class_counts().tolist() == [8] * 10
    assert merged.class_counts().tolist() == [16] * 10
    assert merged.manifest["origin"].value_counts().to_dict() == {"real": 80, "synthetic": 80}
    assert (merged.weights == 1.0).all()
    account = json.loads((workspace.path / "data/digits/train/merged/meta.json").read_text())["made_by"]["synthetic"]
    assert account["drawn"] == account["added"] + account["surplus"] + sum(account["dropped"].values()) == 200
    assert json.loads((workspace.path / "results/digits/mixes/best.json").read_text())["chosen_share"] in (0.0, 0.25)
    result = read_record(Result, workspace.path / "results/digits/comparison/result.json")
    assert result.reference.name == "real/plain"
    assert [made.name for made in result.synthesizers] == ["gan", "smote"]
    recommended = read_image_set(workspace.path / "data/digits/train" / result.use.train_set)
    product = read_image_set(workspace.path / "products/digits")
    assert product.manifest["content_hash"].tolist() == recommended.manifest["content_hash"].tolist()
    assert (workspace.path / "reports/digits/arms.csv").is_file()
    assert (workspace.path / "results/digits/comparison/recall.csv").is_file()
    table = (workspace.path / "reports/digits/comparison.md").read_text()
    assert "| `real/plain` |" in table
    assert "| `merged/plain` |" in table
    assert "real-plain.json" in workspace.run("dvc", "metrics", "show", "reports/digits/metrics")


def test_every_figure_of_the_list_is_measured(workspace: Workspace) -> None:
    quality = json.loads((workspace.path / "results/digits/synthetic/gan/quality.json").read_text())
    keys = [key for figure in SYNTHESIZER_FIGURES for key in (figure.key, figure.reference) if key]

    def stands(key: str, within: Any = quality) -> bool:
        first, _, rest = key.partition(".")
        return first in within and (not rest or stands(rest, within[first]))

    assert [key for key in keys if not stands(key)] == []


def test_another_repository_takes_the_product(workspace: Workspace, tmp_path: Path) -> None:
    """By the commands of docs/use.md, which name this project's folder ``../augment``."""
    (tmp_path / "augment").symlink_to(workspace.path)
    other = Workspace(tmp_path / "other")
    other.path.mkdir()
    other.run("git", "init", "--quiet")
    other.run("dvc", "init", "--quiet")
    text = (PROJECT / "docs" / "use.md").read_text()
    commands = [shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("dvc ")]
    assert [command[1] for command in commands] == ["get", "import"]
    for command in commands:
        other.run(*command)
    made = read_image_set(workspace.path / "products/digits").manifest["content_hash"].tolist()
    for copy in ("digits", "product"):
        assert read_image_set(other.path / copy).manifest["content_hash"].tolist() == made
    assert yaml.safe_load((other.path / "product.dvc").read_text())["deps"][0]["path"] == "products/digits"
    (program,) = [block for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL) if "dvc.api" in block]
    verdict = read_record(Result, workspace.path / "results/digits/comparison/result.json").verdict
    assert other.run(sys.executable, "-c", program) == f"{verdict}\n"


def test_no_image_of_test_is_trained_on(workspace: Workspace) -> None:
    def hashes(part: str) -> set[str]:
        return set(read_image_set(workspace.path / "data/digits" / part).manifest["content_hash"])

    assert not hashes("test") & (hashes("train/merged") | hashes("val"))
    assert not hashes("val") & hashes("train/real")


def test_nothing_runs_twice(workspace: Workspace) -> None:
    assert workspace.repro() == []


def test_a_fresh_clone_draws_its_own_page(workspace: Workspace) -> None:
    before = workspace.lock()
    assert (workspace.path / "scratch/costs/train_gan@digits-gan.json").is_file()
    for made in ("reports/digits/figures", "reports/learning-curves"):
        shutil.rmtree(workspace.path / made)
    for page in ("reports/digits/index.html", "reports/index.html"):
        (workspace.path / page).unlink()
    assert workspace.repro() == ["report@digits", "overview"]
    assert "real/plain" in (workspace.path / "reports/digits/index.html").read_text()
    assert '<a href="digits/index.html">' in (workspace.path / "reports/index.html").read_text()
    assert workspace.lock() == before


def test_code_outside_the_stages_changes_nothing(workspace: Workspace) -> None:
    for file in ("tests/new.py", "pipelines/new.py", "README.md"):
        (workspace.path / file).write_text("changed = True\n")
    assert workspace.stale() == set()


def test_a_change_to_the_classifier_leaves_the_gan_alone(workspace: Workspace) -> None:
    file = workspace.path / "augment/classifier/pixels.py"
    before = file.read_text()
    file.write_text(before + "# changed\n")
    stale = {name.split("@")[0] for name in workspace.stale()}
    file.write_text(before)
    assert stale == {"train_judge", "assess_gan", "assess_classical", "train_classifier", "evaluate", "merge_auto"}


def test_the_same_settings_give_the_same_bytes(workspace: Workspace) -> None:
    """With what `make quick` makes anew below, one of each kind; benchmarks/reproducibility.py does all defaults."""
    before = workspace.lock()
    kinds = ["train_classical@digits-smote", "merge_auto@digits-best", "evaluate@digits", "compare@digits"]
    kinds += ["product@digits", "summary@digits", "report@digits", "overview"]
    assert workspace.repro("--force", "--single-item", *kinds) == kinds
    assert workspace.lock() == before


MADE_BY_QUICK = {"prepare", "train_judge", "train_gan", "synthesize_gan", "assess_gan", "merge", "train_classifier"}
"""Stages whose outputs do not follow from how many arms there are."""


def test_a_quick_look_is_had_beside_the_project_and_says_what_it_is(workspace: Workspace, tmp_path: Path) -> None:
    """By `make quick`, in a clone whose settings are those of ``workspace`` once they are cut."""
    clone = clone_project(tmp_path / "project")
    gan, classifier = TINY_DATASET["synthesizers"]["gan"], TINY_DATASET["classifier"]
    longer = {
        "synthesizers": TINY_DATASET["synthesizers"] | {"gan": gan | {"steps": 3 * gan["steps"]}},
        "classifier": classifier | {"max_steps": 2 * classifier["max_steps"]},
    }
    clone.set(datasets={"digits": TINY_DATASET | longer})
    (clone.path / ".venv").symlink_to(sys.prefix)
    before = {path: path.read_bytes() for path in clone.path.rglob("*") if path.is_file()}
    done = clone.call("make", "--old-file=.venv/installed", "quick")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    counted = re.search(r"^(\d+) of (\d+) stages are to run", said, re.MULTILINE)
    assert counted is not None
    assert counted[1] == counted[2]
    assert said.index("on this machine") < said.index("Running stage")
    assert f"\nstage {counted[1]} of {counted[1]}, about 5 s left\n" in said
    assert "A quick look, with fewer arms, classifiers and steps: a hint, no answer." in said
    assert "| `merged/plain` |" in said
    pages = list((clone.path / ".dvc/tmp/quick/reports").rglob("*.html"))
    assert pages
    assert all("<strong>A quick look, " in page.read_text() for page in pages)
    assert {path: path.read_bytes() for path in before} == before
    # That the same settings give the same bytes in another folder, too:
    whole, again = (each.lock()["stages"] for each in (workspace, Workspace(clone.path / ".dvc/tmp/quick")))
    same = {name: entry["outs"] for name, entry in again.items() if name.partition("@")[0] in MADE_BY_QUICK}
    assert {name.partition("@")[0] for name in same} == MADE_BY_QUICK
    assert same == {name: whole[name]["outs"] for name in same}


def test_bad_settings_stop_the_run_and_destroy_nothing(workspace: Workspace) -> None:
    before = workspace.lock()
    workspace.set(datasets={"digits": TINY_DATASET | {"extra": 1}})
    result = workspace.call("dvc", "repro")
    workspace.set()
    assert result.returncode != 0
    assert "error: params.yaml has 1 problem:\n  datasets.digits.extra: unknown key" in result.stderr
    assert workspace.lock() == before
    assert workspace.repro() == []


def test_an_experiment_on_one_setting_reruns_what_follows_from_it(workspace: Workspace) -> None:
    output = workspace.run("dvc", "exp", "run", "--name", "fewer", "-S", "mixes.synthetic.share=0.5")
    ran = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    arms = {"merge@digits-synthetic", "train_classifier@digits-synthetic-plain"}
    answers = {f"{name}@digits" for name in ("evaluate", "compare", "summary", "product", "report")}
    assert ran == {"check", "overview"} | arms | answers
    shown = json.loads(workspace.run("dvc", "exp", "show", "--json"))
    assert "fewer" in json.dumps(shown)
    workspace.run("git", "checkout", "--quiet", ".")
    workspace.run("dvc", "checkout")
    # DVC keeps figures nowhere: those are the experiment's.
    assert set(workspace.repro()) <= {"report@digits", "overview"}


def test_a_dataset_whose_gan_diverges_goes_through_to_a_page_that_says_so(workspace: Workspace) -> None:
    """And a third one, without images, fails by itself: it costs the two others nothing."""
    rng = np.random.default_rng(0)
    for name, colour in (("red", (200, 0, 0)), ("green", (0, 200, 0))):
        folder = workspace.path / "raw" / "shapes" / name
        folder.mkdir(parents=True)
        for number in range(30):
            pixels = np.clip(np.asarray(colour) + rng.integers(-40, 40, (14, 17 + number % 3, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    (workspace.path / "raw" / "empty").mkdir()
    workspace.set(datasets={"empty": SHAPES, "digits": TINY_DATASET, "shapes": SHAPES})
    done = workspace.call("dvc", "repro", "--keep-going")
    ran = [line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")]
    assert done.returncode != 0
    assert "prepare empty: raw/empty" in done.stderr
    assert {name for name in ran if "digits" in name or "empty" in name} == {"prepare@empty"}
    assert len([name for name in ran if "shapes" in name]) == 20
    assert read_image_set(workspace.path / "data/shapes/synthetic/smote").shape == (3, 12, 12)
    result = read_record(Result, workspace.path / "results/shapes/comparison/result.json")
    assert [(each.name, each.missing) for each in result.left_out] == [
        ("gan", Missing.NOT_MADE),
        ("merged", Missing.NOT_MERGED),
        ("best", Missing.NOT_MERGED),
    ]
    assert result.verdict.startswith("`gan` could not be made or judged (training diverged before step")
    product = json.loads((workspace.path / "products/shapes/meta.json").read_text())["made_by"]
    assert (product["train_set"], product["verdict"]) == ("real", result.verdict)
    assert "## shapes" in (workspace.path / "reports/shapes/comparison.md").read_text()
    for page in ("shapes/index.html", "index.html"):
        text = (workspace.path / "reports" / page).read_text()
        assert text.index("could not be made or judged") < text.index("Train on <code>real</code>")


def test_a_change_to_one_datasets_gan_concerns_no_other(workspace: Workspace) -> None:
    """Continues with the datasets of the test before, but for the one that failed, whose report goes."""
    (workspace.path / "reports" / "empty" / "metrics").mkdir(parents=True)
    (workspace.path / "reports" / "empty" / "comparison.md").touch()
    both = {"digits": TINY_DATASET, "shapes": SHAPES}
    workspace.set(datasets=both)
    assert workspace.repro() == ["check", "overview"]
    assert not (workspace.path / "reports" / "empty").exists()
    synthesizers = TINY_DATASET["synthesizers"]
    changed = SHAPES | {"synthesizers": synthesizers | {"gan": synthesizers["gan"] | {"steps": 7}}}
    workspace.set(datasets=both | {"shapes": changed})
    assert workspace.stale() == {"check", "train_gan@shapes-gan", "report@shapes", "overview"}
    workspace.set(datasets=both)
    assert workspace.stale() == set()
