"""Do the unit tests notice when the code is changed? A sample of small changes (mutants), and which of them live.

Usage: python -m benchmarks.mutation SOURCE… --tests TEST… [--sample N] [--seed S]
e.g. python -m benchmarks.mutation augment/merging augment/classifier --tests tests/merging tests/classifier

mutmut makes the mutants and runs, for each, only the tests that reach the changed function; all of it in a copy, so
that nothing of yours is touched. It changes what functions do, except decorated ones, and nothing at a module's top
level.
What may live, and why, is told by `mutation_survivors.yaml`: by the changed lines, since mutmut's numbers move with the
code. The exit status is 1 where fewer than 90 % of the mutants that change behaviour are killed.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name

PROJECT = Path(__file__).parents[1]
SURVIVORS = Path(__file__).with_name("mutation_survivors.yaml")
LEAST = 0.9
"""Share of the mutants that change behaviour, to be killed."""

KILLED = {"killed", "timeout", "segfault", "suspicious"}
"""What mutmut calls mutants that a test noticed, be it by never coming back."""

CONFIGURATION = """[mutmut]
source_paths=augment
only_mutate={sources}
also_copy={also_copy}
pytest_add_cli_args=-n0
    -m
    not end_to_end
pytest_add_cli_args_test_selection={tests}
timeout_constant=20
track_dependencies=false
use_git_change_detection=false
"""


@dataclass(frozen=True)
class Change:
    """What a mutant changes: the lines that it takes out and those that it puts in, stripped."""

    file: str
    before: str
    after: str


def main() -> None:
    """Sample, run, and say what became of each mutant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path, help="files or folders to change")
    parser.add_argument("--tests", nargs="+", type=Path, required=True, help="files or folders that should notice")
    parser.add_argument("--sample", type=int, default=100, help="mutants, over all sources")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    options = parser.parse_args()
    listed = listed_survivors()  # first, lest an hour of mutants end at a slip in it
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy_project(Path(folder))
        os.chdir(folder)  # mutmut knows no other place
        configure(options.sources, options.tests)
        mutants = list_mutants(options.sources)
        names = random.Random(options.seed).sample(sorted(mutants), min(options.sample, len(mutants)))  # noqa: S311  # no secret
        print(f"{len(names)} of {len(mutants)} mutants", flush=True)
        states = run(sorted(names))
        living = [(states[name], name, shown(name, mutants[name])) for name in names if states[name] not in KILLED]
        os.chdir(PROJECT)
    sys.exit(0 if report(len(names), living, listed) >= LEAST else 1)


def list_mutants(sources: Iterable[Path]) -> dict[str, str]:
    """Name every mutant of the sources, and its file."""
    files = [file for source in sources for file in (source.rglob("*.py") if source.is_dir() else [source])]
    return {
        get_mutant_name(file, name): str(file)
        for file in sorted(files)
        for name in mutate_file_contents(str(file), file.read_text()).mutant_names
    }


def copy_project(folder: Path) -> None:
    """Copy what git tracks or would, as it is now."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)


def configure(sources: Iterable[Path], tests: Iterable[Path]) -> None:
    """Tell mutmut what to change and which tests there are."""

    def lines(values: Iterable[object]) -> str:
        return "\n    ".join(map(str, values))

    Path("setup.cfg").write_text(
        CONFIGURATION.format(
            sources=lines(source / "*" if source.is_dir() else source for source in sources),
            tests=lines(tests),
            also_copy=lines(each for each in Path().iterdir() if each.name != "augment"),
        )
    )


def run(names: list[str]) -> dict[str, str]:
    """Run mutmut, and give the state of each mutant that it tells of."""
    os.environ["OMP_NUM_THREADS"] = "1"  # a pool of threads does not survive mutmut's forks
    made = mutmut("run", "--max-children", "1", *names)
    if made.returncode:
        sys.exit(f"{made.stdout[-5000:]}{made.stderr}\nerror: mutmut: exit status {made.returncode}")
    results = mutmut("results", "--all", "true").stdout.splitlines()
    return dict(line.strip().rsplit(": ", 1) for line in results if ": " in line)


def shown(name: str, file: str) -> Change:
    """Read what a mutant changes."""
    lines = [line for line in mutmut("show", name).stdout.splitlines() if line[:3] not in ("---", "+++")]
    before, after = (" ".join(line[1:].strip() for line in lines if line[:1] == sign) for sign in "-+")
    return Change(file, before, after)


def mutmut(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of mutmut's commands here."""
    return subprocess.run(["mutmut", *arguments], capture_output=True, text=True, check=False)


def listed_survivors() -> list[dict[str, str]]:
    """Read which mutants may live, and why."""
    found: list[dict[str, str]] = yaml.safe_load(SURVIVORS.read_text())
    return found


def may_live(change: Change, listed: list[dict[str, str]]) -> bool:
    """Tell whether a change is listed: by file and lines, or by a pattern of its new lines, in any file or in one."""
    return any(
        re.search(each["pattern"], change.after) and each.get("file", change.file) == change.file
        if "pattern" in each
        else change == Change(each["file"], each["before"], each["after"])
        for each in listed
    )


def report(count: int, living: list[tuple[str, str, Change]], listed: list[dict[str, str]]) -> float:
    """Print which of so many mutants live; give the share killed of those that may not."""
    survivors = [each for each in living if not may_live(each[2], listed)]
    for state, name, change in survivors:
        print(f"\n{state}: {name} ({change.file})\n  - {change.before}\n  + {change.after}")
    killed, known = count - len(living), len(living) - len(survivors)
    share = killed / max(1, killed + len(survivors))
    print(f"\n{killed} killed, {len(survivors)} survived, {known} may live: {share:.1%} killed of what may not")
    return share


if __name__ == "__main__":
    main()
