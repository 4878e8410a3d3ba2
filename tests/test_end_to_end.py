"""The real `dvc repro` in a temporary clone, on a tiny configuration: what runs, what does not, what comes out."""

import json
import os
import re
import shlex
import shutil
import subprocess
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

PROJECT = Path(__file__).parents[1]
TINY_DATASET: dict[str, Any] = {
    "source": {"kind": "sklearn_digits"},
    "split": {"val": 60, "test": 100},
    "scarcity": {"kind": "per_class", "count": 20},
    "synthesizers": {
        "gan": {"kind": "gan", "steps": 4, "network": {"width": 4}, "monitor": {"points": 2}},
        "smote": {"kind": "smote"},
    },
    "synthesis": {"per_class": 20},
    "classifier": {"width": 4, "max_steps": 6, "eval_every": 3},
}
TINY: dict[str, Any] = {
    "seed": 0,
    "seeds": 2,
    "runtime": {"device": "cpu", "precision": "fp32", "threads": 1},
    "synthesizers": {"gan": ["gan"], "vae": [], "classical": ["smote"]},
    "datasets": {"digits": TINY_DATASET},
    "gate": {"label_fidelity": 0.0, "coverage": 0.0, "recall": 0.0, "diversity": 0.0},
    "verdict": {},
    "mixes": {
        "merged": {"synthesizer": "gan", "share": 0.5},
        "synthetic": {"synthesizer": "smote", "share": 1.0, "filter": {"near_copies": False}},
    },
    "auto_mixes": {"best": {"synthesizer": "gan", "shares": [0.0, 0.25], "recipe": "plain", "runs": 2}},
    "arms": {
        "train_sets": ["real", "merged", "synthetic", "best"],
        "recipes": {"plain": {"transforms": "none", "sampling": "natural"}},
    },
}
SHAPES = TINY_DATASET | {
    "source": {"kind": "image_folder", "image_size": 12, "mode": "rgb"},
    "split": {"val": 12, "test": 12},
    "scarcity": {"kind": "none"},
    "synthesizers": {
        "gan": TINY_DATASET["synthesizers"]["gan"] | {"rollbacks": 0, "optimiser": {"learning_rate": 1e30}},
        "smote": {"kind": "smote"},
    },
}
"""A folder of images, and a GAN that diverges."""


class Workspace:
    """A clone of the project with tiny settings."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # `python` in dvc.yaml must be the interpreter that runs the tests.
        scripts = str(Path(sys.executable).parent)
        self.environment = os.environ | {"PATH": scripts + os.pathsep + os.environ["PATH"]}

    def run(self, *command: str) -> str:
        """Run a command here; fail the test with its output if it fails."""
        result = self.call(*command)
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command here, whatever comes of it."""
        return subprocess.run(command, cwd=self.path, env=self.environment, capture_output=True, text=True, check=False)

    def repro(self, *options: str) -> list[str]:
        """Run `dvc repro` and give the names of the stages that ran."""
        lines = self.run("dvc", "repro", *options).splitlines()
        return [line.split("'")[1] for line in lines if line.startswith("Running stage")]

    def stale(self) -> set[str]:
        """Name the stages that `dvc status` calls changed."""
        return set(json.loads(self.run("dvc", "status", "--json")))

    def lock(self) -> Any:
        """Give the hashes of everything made."""
        return yaml.safe_load((self.path / "dvc.lock").read_text())

    def set(self, **changes: Any) -> None:
        """Write the tiny settings with changes at the top level."""
        (self.path / "params.yaml").write_text(yaml.safe_dump(TINY | changes, sort_keys=False))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Clone the project as it stands, uncommitted changes included, and reproduce it once."""
    path = tmp_path_factory.mktemp("clone")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (PROJECT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, path / name)
    clone = Workspace(path)
    clone.set()
    (path / "dvc.lock").unlink(missing_ok=True)
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
    assert train.class_counts().tolist() == [20] * 10
    assert merged.class_counts().tolist() == [40] * 10
    assert merged.manifest["origin"].value_counts().to_dict() == {"real": 200, "synthetic": 200}
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
    before = workspace.lock()
    # One of each kind; benchmarks/reproducibility.py does all of the default settings.
    kinds = ["prepare@digits", "train_judge@digits", "train_gan@digits-gan", "synthesize_gan@digits-gan"]
    kinds += ["assess_gan@digits-gan", "merge@digits-merged", "merge_auto@digits-best"]
    kinds += ["train_classifier@digits-merged-plain", "evaluate@digits", "compare@digits", "product@digits"]
    kinds += ["summary@digits", "report@digits", "overview"]
    assert workspace.repro("--force", "--single-item", *kinds) == kinds
    assert workspace.lock() == before


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
    output = workspace.run("dvc", "exp", "run", "--name", "longer", "-S", "datasets.digits.synthesizers.gan.steps=5")
    ran = [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]
    assert "train_gan@digits-gan" in ran
    assert not {"prepare@digits", "train_judge@digits", "train_classifier@digits-real-plain"} & set(ran)
    shown = json.loads(workspace.run("dvc", "exp", "show", "--json"))
    assert "longer" in json.dumps(shown)
    workspace.run("git", "checkout", "--quiet", ".")
    workspace.run("dvc", "checkout")
    assert set(workspace.repro()) <= {
        "report@digits",
        "overview",
    }  # DVC keeps figures nowhere: those are the experiment's


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
