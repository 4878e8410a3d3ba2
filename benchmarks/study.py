"""Run a study: the pipeline itself, on the settings in benchmarks/studies/NAME, dataset after dataset.

    python -m benchmarks.study regimes --fashion-mnist FOLDER_WITH_THE_IDX_FILES --workspace FOLDER --jobs 2

Each settings file there is a params.yaml. Every dataset in it has a workspace of its own, FOLDER/DATASET: a clone of
this repository at the last commit, where `python -m pipelines run` does the rest. After each dataset the results so
far are written to benchmarks/studies/NAME. Killed? Run it again: what is done is not done twice. A workspace stays at
the commit it was begun with; delete it to begin anew.
"""

import argparse
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.photographs import write_photographs
from benchmarks.study_results import BEGUN, Finished, is_finished, read_finished, write_results
from benchmarks.two_sources import write_two_sources

REPOSITORY = Path(__file__).resolve().parents[1]
STUDIES = REPOSITORY / "benchmarks" / "studies"
AUTHOR = ("-c", "user.name=study", "-c", "user.email=study@localhost")

DRAFT: dict[str, dict[str, Any]] = {"gan": {"steps": 60}, "vae": {"steps": 60}}
"""Kind of synthesizer → what makes its training short."""


def parts(study: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each dataset of a study with the settings of its workspace, where it is the only dataset."""
    for file in sorted(study.glob("*.yaml")):
        settings = yaml.safe_load(file.read_text())
        for name, block in settings["datasets"].items():
            # By way of JSON, as what YAML's aliases share would change in all places at once.
            yield name, json.loads(json.dumps(settings | {"datasets": {name: block}}))


def draft(settings: dict[str, Any]) -> dict[str, Any]:
    """Cut all training so short that only the way through is tested."""
    for block in settings["datasets"].values():
        block["classifier"] |= {"max_steps": 40, "eval_every": 20}
        for spec in block["synthesizers"].values():
            spec.update(DRAFT.get(spec["kind"], {}))
    return settings | {"seeds": 2}


def prepare(root: Path, settings: dict[str, Any], given: argparse.Namespace) -> None:
    """Make the workspace of one dataset, whole or not at all, where there is none yet; set its params.yaml."""
    if not root.exists():
        unfinished = root.with_name(f"{root.name}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", REPOSITORY, unfinished], check=True)
        _git(unfinished, "tag", BEGUN)
        (unfinished / "dvc.lock").unlink(missing_ok=True)
        for name, block in settings["datasets"].items():
            _place(unfinished / "raw" / name, block["source"], given)
            if weights := block["classifier"].get("pretrained", {}).get("weights"):
                _place_weights(unfinished / weights)
        unfinished.rename(root)
    file = root / "params.yaml"
    # A server of its own: another project's, at the same port, may end before the study does.
    server = yaml.safe_load(file.read_text())["flow"].get("server") or {"port": _free_port()}
    wanted = yaml.safe_dump(settings | {"flow": settings["flow"] | {"server": server}}, sort_keys=False)
    if file.read_text() != wanted:
        file.write_text(wanted)
        # The flow records a run on settings that are not committed as an experiment.
        _git(root, "commit", "--quiet", "--all", "--message", "Take the study's settings")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", *AUTHOR, *words], cwd=root, check=True)


def _place(raw: Path, source: dict[str, Any], given: argparse.Namespace) -> None:
    if source["kind"] == "torchvision":
        if given.fashion_mnist is None:
            sys.exit("expected --fashion-mnist: this study has datasets of its images")
        shutil.copytree(given.fashion_mnist, raw)
    elif source["kind"] == "image_folder" and "groups" in source:
        write_two_sources(raw)
    elif source["kind"] == "image_folder":
        if given.photographs is None:
            sys.exit("expected --photographs: this study has datasets of them; benchmarks/photographs.py says which")
        write_photographs(raw, given.photographs)
    else:
        raw.mkdir(exist_ok=True)
        (raw / "README.md").write_text("The images come with scikit-learn.\n")


def _place_weights(wanted: Path) -> None:
    from benchmarks.offline_weights import convert  # whose libraries other studies need not have

    if (made := convert(wanted.parent)) != wanted:
        sys.exit(f"expected the package's weights to be {wanted.name}, found {made.name}")


def run(root: Path, jobs: int | None) -> bool:
    """Bring a workspace up to date; tell whether that succeeded."""
    words = ["--jobs", str(jobs)] if jobs else []
    return subprocess.run([sys.executable, "-m", "pipelines", "run", *words], cwd=root, check=False).returncode == 0


def main() -> None:
    """Run the datasets one after the other; exit with an error if one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=sorted(folder.name for folder in STUDIES.iterdir() if folder.is_dir()))
    parser.add_argument("--fashion-mnist", type=Path, help="folder with the four idx.gz files")
    parser.add_argument("--photographs", type=Path, help="the unpacked package of benchmarks/photographs.py")
    parser.add_argument("--workspace", type=Path, required=True, help="where the datasets' workspaces are kept")
    parser.add_argument("--dataset", action="append", help="run only this dataset (may be repeated)")
    parser.add_argument("--jobs", type=int, help="stages side by side (default: one a core)")
    parser.add_argument("--seeds", type=int, help="as many, results to the workspace: a first look")
    parser.add_argument("--draft", action="store_true", help="few steps, results to the workspace: does it go through?")
    options = parser.parse_args()
    options.workspace.mkdir(parents=True, exist_ok=True)
    results = options.workspace if options.draft or options.seeds else STUDIES / options.study
    finished: list[Finished] = []
    failed: list[str] = []
    for name, asked in parts(STUDIES / options.study):
        settings = asked | ({"seeds": options.seeds} if options.seeds else {})
        root = options.workspace / name
        if not options.dataset or name in options.dataset:
            prepare(root, draft(settings) if options.draft else settings, options)
            if not run(root, options.jobs):
                failed.append(name)
                continue
        if is_finished(root, name):
            finished.append(read_finished(root, name))
            write_results(results, options.study, finished)
    if finished:
        print((results / "results.md").read_text())
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; mend the cause and run this again")


if __name__ == "__main__":
    main()
