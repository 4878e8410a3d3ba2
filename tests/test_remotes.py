"""The commands of docs/remotes.md, as written, on a real SSH and a real S3 server."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import servers

TEXT = (Path(__file__).parents[1] / "docs" / "remotes.md").read_text()
SECTIONS = dict(re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", TEXT, flags=re.DOTALL | re.MULTILINE))


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTIONS[section], flags=re.DOTALL)


@dataclass(frozen=True)
class Machine:
    """A home, and addresses that stand for those of the document."""

    home: Path
    environment: dict[str, str]
    addresses: dict[str, str]

    def run(self, folder: Path, *words: str, fails: bool = False) -> str:
        """Run a command; return what it prints, and, where it is to fail, what it says of that."""
        environment = os.environ | self.environment
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == fails, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stderr if fails else done.stdout

    def shell(self, folder: Path, block: str) -> str:
        """Run a block of commands, each of which must succeed."""
        return self.run(folder, "sh", "-ec", self.here(block))

    def here(self, text: str) -> str:
        """Put the addresses of here in place of the document's."""
        for theirs, ours in self.addresses.items():
            text = text.replace(theirs, ours)
        return text


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    if servers.SSHD is None:
        pytest.skip("OpenSSH's server is not installed: apt install openssh-server")
    with servers.ssh_server(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def addresses(tmp_path: Path, s3: servers.Server) -> dict[str, str]:
    """Have the store's folder, and S3, for this test alone."""
    folder = tmp_path / "store"
    return {
        "ssh://STORE/home/me": f"ssh://store{folder}",
        "s3://BUCKET/dvc": f"s3://{servers.BUCKET}/{tmp_path.name}",
        "http://STORE:9000": f"http://127.0.0.1:{s3.port}",
    }


def make_machine(name: str, tmp_path: Path, ssh: servers.Server, addresses: dict[str, str]) -> Machine:
    home = tmp_path / name
    return Machine(home, servers.make_home(home, ssh, "store"), addresses)


@pytest.mark.parametrize("store", ["SSH", "S3"])
def test_what_was_pushed_is_taken_elsewhere(
    store: str, tmp_path: Path, ssh: servers.Server, addresses: dict[str, str]
) -> None:
    here, there = (make_machine(name, tmp_path, ssh, addresses) for name in ("here", "there"))
    (tmp_path / "store").mkdir()
    here.run(tmp_path, "git", "init", "--quiet", "--bare", "--initial-branch=main", "store/project.git")
    project = here.home / "project"
    here.run(tmp_path, "git", "init", "--quiet", "--initial-branch=main", str(project))
    here.run(project, "git", "remote", "add", "origin", here.here("ssh://STORE/home/me/project.git"))
    here.run(project, "dvc", "init", "--quiet")
    (project / "params.yaml").write_text("verdict: leave it out\n")
    write = 'mkdir -p products/digits && sed \'s/.*: \\(.*\\)/{"made_by": {"verdict": "\\1"}}/\' params.yaml'
    words = ["--name", "product", "--params", "verdict", "--outs", "products/digits"]
    here.run(project, "dvc", "stage", "add", "--run", "--quiet", *words, f"{write} > products/digits/meta.json")
    here.run(project, "git", "add", "--all")
    here.run(project, "git", "commit", "--quiet", "--message", "A run")
    over_ssh, on_s3, push = blocks("A remote", "sh")
    here.shell(project, {"SSH": over_ssh, "S3": on_s3}[store])
    here.shell(project, push)

    (take_over,) = blocks("A run on another machine, taken over", "sh")
    assert "Data and pipelines are up to date" in there.shell(there.home, take_over)
    made = (project / "products/digits/meta.json").read_bytes()
    assert (there.home / "taken-over/products/digits/meta.json").read_bytes() == made

    other = there.home / "other"
    other.mkdir()
    there.run(other, "git", "init", "--quiet")
    there.run(other, "dvc", "init", "--quiet")
    (taken,) = blocks("The product in another repository", "sh")
    assert [shlex.split(line)[1] for line in taken.splitlines()] == ["get", "import"]
    there.shell(other, taken)
    for copy in "digits", "product":
        assert (other / copy / "meta.json").read_bytes() == made
    (program,) = blocks("The product in another repository", "python")
    assert there.run(other, sys.executable, "-c", there.here(program)) == "leave it out\n"
