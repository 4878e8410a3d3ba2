"""A real process, killed at random moments."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from augment.classifier.backbones.small_cnn import small_cnn
from augment.core.container import write_image_set
from augment.core.images import UNLABELLED, ImageSet, make_image_set
from augment.core.store import LEFT_OUT, read_json
from augment.judge.judge import write_judge
from tests.conftest import striped_images

PROJECT = Path(__file__).parents[2]

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def workspace(tmp_path: Path, stripes: ImageSet) -> Path:
    settings = yaml.safe_load((PROJECT / "params.yaml").read_text())
    gan = {"kind": "gan", "steps": 120, "network": {"width": 4}, "monitor": {"points": 8}}
    settings["datasets"]["digits"]["synthesizers"]["gan"] = gan
    settings["checkpoints"] = {"every_s": 0.05}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings))
    for name in ("train", "val"):
        write_image_set(tmp_path / name, stripes, {"stage": "prepare", "dataset": "digits", "seed": 0})
    write_judge(tmp_path / "judge", small_cnn(stripes.shape, 3, width=4).eval(), stripes.classes, stripes.shape, {})
    return tmp_path


def start(workspace: Path, out: str) -> subprocess.Popen[bytes]:
    outputs = {"trained": "gan", "history": "history.csv", "samples": "samples"}
    options = [part for name, path in outputs.items() for part in (f"--{name}", f"{out}/{path}")]
    command = [sys.executable, "-m", "augment", "train-synthesizer", "--stage", "train_gan@digits-gan"]
    command += ["--train", "train", "--val", "val", "--unlabelled", "unlabelled"]
    command += ["--judge", "judge"]
    with (workspace / "stderr").open("w") as errors:
        return subprocess.Popen(
            [*command, "--checkpoint", f"scratch/{out}", *options],
            cwd=workspace,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stderr=errors,
        )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_killed_at_random_moments_ends_with_the_same_bytes(workspace: Path) -> None:
    assert start(workspace, "whole").wait() == 0
    rng, checkpoint, killed = random.Random(0), workspace / "scratch" / "cut", 0  # noqa: S311  # no secret
    while killed < 2:
        process = start(workspace, "cut")
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        # Not before this process has saved once, or a slow start would be killed for ever.
        while process.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before):
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.3))
        process.kill()
        if process.wait() == 0:
            break
        killed += 1
    assert killed > 0
    finished = start(workspace, "cut") if not (workspace / "cut" / "history.csv").exists() else None
    assert finished is None or finished.wait() == 0
    assert contents(workspace / "cut") == contents(workspace / "whole")
    assert list((workspace / "scratch").iterdir()) == []


def test_ctrl_c_saves_says_so_and_fails(workspace: Path) -> None:
    process = start(workspace, "cut")
    checkpoint = workspace / "scratch" / "cut"
    while process.poll() is None and not checkpoint.exists():
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    errors = (workspace / "stderr").read_text()
    assert "interrupted after" in errors
    assert "the next run continues there" in errors
    assert checkpoint.exists()


def test_several_generators_are_trained_of_which_the_first_is_the_one_alone(workspace: Path) -> None:
    assert start(workspace, "one").wait(timeout=120) == 0
    params = yaml.safe_load((workspace / "params.yaml").read_text())
    params["seeds"] = params["datasets"]["digits"]["synthesizers"]["gan"]["generators"] = 2
    (workspace / "params.yaml").write_text(yaml.safe_dump(params))
    assert start(workspace, "two").wait(timeout=120) == 0
    one, two = contents(workspace / "one"), contents(workspace / "two")
    assert {name for name in two if name not in one} == {
        "gan/generators/2/model.json",
        "gan/generators/2/synthesizer.safetensors",
    }
    assert {name for name in one if one[name] != two[name]} == {"gan/model.json"}  # which has the settings
    assert two["gan/generators/2/synthesizer.safetensors"] != two["gan/synthesizer.safetensors"]
    assert list((workspace / "scratch").iterdir()) == []


def test_two_processes_train_together_and_one_writes(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train_gan@digits-gan")
    params = yaml.safe_load((workspace / "params.yaml").read_text())
    params["runtime"] |= {"device": "cpu"}
    gan = params["datasets"]["digits"]["synthesizers"]["gan"]
    gan |= {
        "steps": 40,
        "augmentation": {"kinds": ["cutout"], "adaptive": True},
        "regularisers": {"lecam": {"weight": 0.01}},
        "devices": 2,
    }
    (workspace / "params.yaml").write_text(yaml.safe_dump(params))
    assert start(workspace, "pair").wait(timeout=120) == 0
    made = contents(workspace / "pair")
    assert {"gan/model.json", "gan/synthesizer.safetensors", "history.csv"} <= set(made)
    assert b'"processes": 2' in made["gan/model.json"]
    assert [path.name for path in (workspace / "scratch").iterdir()] == ["costs"]
    (note,) = (workspace / "scratch" / "costs").iterdir()
    assert read_json(note)["stage"] == "train_gan@digits-gan"
    assert all(line.count("progress:") <= 1 for line in (workspace / "stderr").read_text().splitlines())
    assert start(workspace, "again").wait(timeout=120) == 0
    assert contents(workspace / "again") == made


def test_a_gan_may_learn_from_images_without_labels_and_says_so(workspace: Path) -> None:
    params = yaml.safe_load((workspace / "params.yaml").read_text())
    gan = params["datasets"]["digits"]["synthesizers"]["gan"]
    gan |= {"steps": 8, "pool": {"threshold": 0.01}}
    (workspace / "params.yaml").write_text(yaml.safe_dump(params))
    made_by = {"stage": "prepare", "dataset": "digits", "seed": 0}
    empty = make_image_set(np.empty((0, 1, 8, 8), dtype=np.uint8), [], [UNLABELLED])
    write_image_set(workspace / "unlabelled", empty, made_by)
    assert start(workspace, "none").wait(timeout=60) == 0
    (reason,) = read_json(workspace / "none/gan" / LEFT_OUT)["reasons"]
    assert "its settings have a pool, and no image is without a label" in reason
    shutil.rmtree(workspace / "unlabelled")
    pool = make_image_set(striped_images(30, 3, (1, 8, 8), 5)[0], [0] * 30, [UNLABELLED])
    write_image_set(workspace / "unlabelled", pool, made_by)
    assert start(workspace, "pool").wait(timeout=60) == 0
    config = read_json(workspace / "pool/gan/model.json")
    assert config["pool"] == {"images": 30, "believed": 30}
    del gan["pool"]
    (workspace / "params.yaml").write_text(yaml.safe_dump(params))
    assert start(workspace, "plain").wait(timeout=60) == 0
    config = read_json(workspace / "plain/gan/model.json")
    assert "pool" not in config
    assert "pool" not in config["spec"]
    weights = [(workspace / name / "gan/synthesizer.safetensors").read_bytes() for name in ("pool", "plain")]
    assert weights[0] != weights[1]
