"""A run of two datasets by two workers with nothing in common but servers, beside one machine with the same cores.

    python -m benchmarks.two_machines
    python -m benchmarks.two_machines --steps 600 --max-steps 400 --seeds 5     # stages that take longer
    python -m benchmarks.two_machines --store ssh --only time

Every machine is a home of its own with a clone, a DVC cache and SSH keys. Git goes over SSH (OpenSSH's server), data by
S3 (moto's server) or SSH; Prefect's server is on PostgreSQL. All of these are processes of this script. The cores are
dealt out to the workers; the machine beside them has them all. Which commands of stages ran, and where, each of these
commands notes as it starts. Then the faults; the script fails if one of them does not end as docs/flow.md and
docs/remotes.md say.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests import servers
from tests.workspaces import TINY, TINY_DATASET, clone_project

POOL, REMOTE, STAGE = "trainers", "storage", "train_gan@digits-gan"  # of all stages the one that is disturbed
PASSWORD = "user:password"  # noqa: S105 - of a server that only this script knows
PATIENCE_S = 300.0  # with machines that are busy
SILENCE_S = 45.0  # flow.workers.timeout_s while there are faults
PAGES = {"report", "overview"}  # tell of the machine they are made on
NOTE = """import os, sys
if "DVC_STAGE" in os.environ and sys.orig_argv[1:3] == ["-m", "augment"]:
    with open(os.environ["STAGES_RUN"], "a") as file:
        file.write(os.environ["DVC_STAGE"] + chr(10))
"""


class UnexpectedError(RuntimeError):
    """Something did not end as the documents say."""


@dataclass(frozen=True)
class Machine:
    """A home with a clone of the project, on some of the cores."""

    home: Path
    environment: dict[str, str]
    cores: Sequence[int]

    @property
    def clone(self) -> Path:
        """Where the project is."""
        return self.home / "project"

    def start(self, *words: str, at: Path | None = None, more: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command in the clone, in a session of its own."""
        with (self.home / "log").open("a") as log:
            return subprocess.Popen(
                ["taskset", "--cpu-list", ",".join(map(str, self.cores)), *words],
                cwd=at or self.clone,
                env=os.environ | self.environment | (more or {}),
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def call(self, *words: str, at: Path | None = None) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it said."""
        begins = len(self.said())
        code = self.start(*words, at=at).wait()
        return code, self.said()[begins:]

    def run(self, *words: str, at: Path | None = None) -> str:
        """Run a command that must succeed; return what it said."""
        code, said = self.call(*words, at=at)
        if code:
            raise UnexpectedError(f"{words} on {self.home.name}: exit code {code}\n{said[-4000:]}")
        return said

    def said(self) -> str:
        """Read what all commands said here."""
        log = self.home / "log"
        return log.read_text() if log.exists() else ""

    def ran(self) -> list[str]:
        """List the stages whose commands were started here, in order."""
        log = self.home / "stages"
        return log.read_text().split() if log.exists() else []

    def set(self, **changes: Any) -> None:
        """Change settings in the clone; keys with dots lead into blocks."""
        file = self.clone / "params.yaml"
        settings = yaml.safe_load(file.read_text())
        for key, value in changes.items():
            *path, last = key.split("/")
            block = settings
            for part in path:
                block = block[part]
            block[last] = value
        file.write_text(yaml.safe_dump(settings, sort_keys=False))


class Place:
    """The servers, and what makes machines that know them."""

    def __init__(self, folder: Path, options: argparse.Namespace, held: ExitStack) -> None:
        self.folder, self.options, self.held = folder, options, held
        self.cores = sorted(os.sched_getaffinity(0))
        self.ssh = held.enter_context(servers.ssh_server(folder / "ssh"))
        self.database = held.enter_context(servers.postgres())
        self.s3 = held.enter_context(servers.s3_server(folder / "s3"))
        self.s3_road, self.port = servers.free_port(), servers.free_port()
        (folder / "note").mkdir()
        (folder / "note" / "sitecustomize.py").write_text(NOTE)
        self.road = held.enter_context(ExitStack())
        self.road.enter_context(self.road_to_s3())
        self.repository = f"ssh://store{folder}/project.git"
        subprocess.run(
            ["git", "init", "--quiet", "--bare", "--initial-branch=main", folder / "project.git"], check=True
        )

    def machine(self, name: str, cores: Sequence[int], clone: bool = True) -> Machine:
        """Make a machine, with a clone."""
        home = self.folder / name
        environment = servers.make_home(home, self.ssh, "store") | {
            "PYTHONPATH": str(self.folder / "note"),
            "STAGES_RUN": str(home / "stages"),
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_API_AUTH_STRING": PASSWORD,
        }
        machine = Machine(home, environment, cores)
        if clone:
            machine.run("git", "clone", "--quiet", self.repository, str(machine.clone), at=home)
        return machine

    def write_project(self) -> None:
        """Put the project, with two small datasets and the remote, into the repository."""
        options, author = self.options, self.machine("author", self.cores, clone=False)
        clone_project(author.clone)
        dataset = TINY_DATASET | {"classifier": TINY_DATASET["classifier"] | {"max_steps": options.max_steps}}
        gan = TINY_DATASET["synthesizers"]["gan"] | {"steps": options.steps}
        dataset["synthesizers"] = TINY_DATASET["synthesizers"] | {"gan": gan}
        settings = TINY | {
            "seeds": options.seeds,
            "datasets": {"digits": dataset, "few": dataset | {"scarcity": {"kind": "per_class", "count": 6}}},
            "flow": {
                "jobs": len(self.cores),
                "server": {"port": self.port},
                "pools": {"train_*": POOL},
                "workers": {"cache": "remote", "git": "origin"},
            },
        }
        (author.clone / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
        (author.clone / "raw" / "few").mkdir()
        (author.clone / "raw" / "few" / "README.md").write_text("These images come with scikit-learn.\n")
        author.run("git", "init", "--quiet", "--initial-branch=main")
        author.run("git", "add", "--force", "raw/few")
        if options.store == "s3":
            author.run("dvc", "remote", "add", "--quiet", "--default", REMOTE, f"s3://{servers.BUCKET}/dvc")
            author.run("dvc", "remote", "modify", "--quiet", REMOTE, "endpointurl", f"http://127.0.0.1:{self.s3_road}")
        else:
            author.run("dvc", "remote", "add", "--quiet", "--default", REMOTE, f"ssh://store{self.folder}/dvc")
        author.run("git", "add", "--all")
        author.run("git", "commit", "--quiet", "--message", "Two datasets")
        author.run("git", "push", "--quiet", self.repository, "main")

    @contextmanager
    def road_to_s3(self) -> Iterator[None]:
        """Let the machines reach the S3 server, by a tunnel: its data must outlast a fault."""
        keys = ["-i", str(self.ssh.folder / "key"), "-p", str(self.ssh.port)]
        careless = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        tunnel = f"127.0.0.1:{self.s3_road}:127.0.0.1:{self.s3.port}"
        words = ["ssh", "-N", *keys, *careless, "-L", tunnel, "-o", "ExitOnForwardFailure=yes", "127.0.0.1"]
        with subprocess.Popen(words) as process:
            wait_for(lambda: servers.answers(self.s3_road), "the road to S3")
            try:
                yield
            finally:
                process.terminate()

    def start_prefect(self, coordinator: Machine) -> None:
        """Start Prefect's server on the coordinator."""
        more = {
            "PREFECT_SERVER_API_AUTH_STRING": PASSWORD,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": servers.DATABASE.format(self.database.port),
        }
        self.server = coordinator.start("python", "-m", "pipelines", "server", more=more)
        self.held.callback(end, self.server)
        wait_for(lambda: servers.answers(self.port), "Prefect's server")


def end(process: subprocess.Popen[str], how: signal.Signals = signal.SIGTERM, patience_s: float = 30) -> None:
    """End a command and, should it not obey, all that it started."""
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
        if how == signal.SIGKILL:
            for each in [psutil.Process(process.pid), *started]:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
        process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
        for each in started:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.kill()
    process.wait()


def wait_for(condition: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise UnexpectedError(f"{what}: not within {within_s:g} s")
        time.sleep(0.1)


@contextmanager
def working(*workers: Machine) -> Iterator[list[subprocess.Popen[str]]]:
    """Have workers at work on the pool, one stage at a time each."""
    words = ["python", "-m", "pipelines", "prefect", "worker", "start", "--pool", POOL, "--limit", "1"]
    started = []
    try:
        for worker in workers:
            begins = len(worker.said())
            started.append(worker.start(*words))
            wait_for(lambda: "started!" in worker.said()[begins:], f"the worker {worker.home.name}")  # noqa: B023
        yield started
    finally:
        for process in started:
            end(process)


def timed(machine: Machine) -> float:
    """Run the flow on a machine; return its wall time."""
    began = time.monotonic()
    machine.run("python", "-m", "pipelines", "run")
    return time.monotonic() - began


def made(machine: Machine) -> dict[str, Any]:
    """Read the hashes of all that a machine's run made."""
    stages = yaml.safe_load((machine.clone / "dvc.lock").read_text())["stages"]
    return {name: stage.get("outs") for name, stage in stages.items()}


def compare(place: Place, coordinator: Machine, workers: list[Machine]) -> None:
    """Run all on one machine and on several; take the latter over on a third."""
    alone = place.machine("alone", place.cores)
    alone.set(**{"flow/pools": {}})
    alone_s = timed(alone)
    with working(*workers):
        together_s = timed(coordinator)
    ran = Counter(stage for machine in (coordinator, *workers) for stage in machine.ran())
    coordinator.run("git", "add", "--all")
    coordinator.run("git", "commit", "--quiet", "--message", "A run by two workers")
    coordinator.run("dvc", "push")
    coordinator.run("git", "push", "--quiet", "origin", "main")
    third = place.machine("third", place.cores)
    third.run("dvc", "pull")
    third.run("dvc", "repro")
    also = sorted({stage for stage in third.ran() if stage.partition("@")[0] not in PAGES})
    share = ", ".join(f"{len(machine.ran())} by {machine.home.name}" for machine in (coordinator, *workers))
    twice = [stage for stage, times in ran.items() if times > 1]
    print(f"cores                                  {len(place.cores)}")
    print(f"stages                                 {len(ran)}: {share}")
    print(f"one machine                            {alone_s:7.1f} s")
    print(f"coordinator and {len(workers)} workers              {together_s:7.1f} s   {together_s / alone_s:.2f} x")
    print(f"stages run twice                       {len(twice)} {' '.join(twice)}")
    same = made(alone) == made(coordinator)
    print(f"the same bytes as on one machine       {'yes' if same else 'NO'}")
    print(f"run on a third clone but for the page  {len(also)} {' '.join(also)}", flush=True)
    if twice or also or not same or set(ran) != set(alone.ran()):
        raise UnexpectedError("see above")


class Faults:
    """Each changes a training so that it is to be run, breaks something in the middle, and looks what comes of it."""

    def __init__(self, place: Place, coordinator: Machine, workers: list[Machine]) -> None:
        self.place, self.coordinator, self.workers = place, coordinator, workers
        self.steps = place.options.fault_steps
        coordinator.set(**{"flow/workers/timeout_s": SILENCE_S})
        with working(workers[1]):
            coordinator.run("python", "-m", "pipelines", "run", "--stage", "train_judge@digits")

    def change(self) -> None:
        """Ask for a training that nobody has done."""
        self.steps += 1
        self.coordinator.set(**{"datasets/digits/synthesizers/gan/steps": self.steps})

    def flow(self) -> subprocess.Popen[str]:
        """Start a run of this training."""
        return self.coordinator.start("python", "-m", "pipelines", "run", "--stage", STAGE)

    def begun(self, worker: Machine) -> Callable[[], bool]:
        """Give what tells whether a worker has begun the next training."""
        before = worker.ran().count(STAGE)
        return lambda: worker.ran().count(STAGE) > before

    def outcome(self, process: subprocess.Popen[str], begins: int) -> tuple[int, str]:
        """Wait for a run; return its exit code, and its message about the stage."""
        code = process.wait(3 * PATIENCE_S)
        said = self.coordinator.said()[begins:]
        told = re.findall(rf"stage {STAGE} (\(pool.*?)(?:\n\d\d:|\n\n|\Z)", said, re.DOTALL)
        return code, " ".join(told[-1].split()).rstrip("')") if told else said[-1500:]

    def tell(self, what: str, code: int, message: str, expected: Sequence[str], trainings: int) -> None:
        """Print what came of a fault, and let a run without it finish the work; fail where words are missing."""
        print(f"\n{what}\n  the run: exit code {code}{': ' + message[:700] if code else ''}", flush=True)
        missing = [words for words in expected if words not in message]
        if bool(code) != bool(expected) or missing:
            raise UnexpectedError(
                f"expected {'a failure that says ' + repr(missing) if expected else 'success'}: {message}"
            )
        before = sum(len(worker.ran()) for worker in self.workers)
        if code:
            self.coordinator.run("python", "-m", "pipelines", "run", "--stage", STAGE)
        more = sum(len(worker.ran()) for worker in self.workers) - before
        left = self.coordinator.run("dvc", "status", STAGE)
        print(f"  the next run: ends right; trainings begun in it: {more}", flush=True)
        if "up to date" not in left or more != trainings:
            raise UnexpectedError(f"expected {trainings} trainings and nothing left to do: {left}")

    def inject(self) -> None:
        """Inject each fault."""
        first, second = self.workers
        self.worker_killed(first, second)
        with working(second):
            self.server_restarted(second)
            self.coordinator_killed(second)
            if self.place.options.store == "s3":
                self.store_stopped(second)
                self.worker_cut_off(second)

    def worker_killed(self, victim: Machine, other: Machine) -> None:
        """Kill a worker with all that it started; the other one comes then."""
        self.change()
        begins = len(self.coordinator.said())
        with working(victim) as (process,):
            begun = self.begun(victim)
            flow = self.flow()
            wait_for(begun, "the training")
            time.sleep(2)
            end(process, signal.SIGKILL)
            code, message = self.outcome(flow, begins)
        with working(other):
            self.tell("a worker is killed in mid-stage, and another comes", code, message, ["was given up"], 1)

    def server_restarted(self, worker: Machine) -> None:
        """Kill Prefect's server, and start it again."""
        self.change()
        begins, begun = len(self.coordinator.said()), self.begun(worker)
        flow = self.flow()
        wait_for(begun, "the training")
        end(self.place.server, signal.SIGKILL)
        time.sleep(5)
        self.place.start_prefect(self.coordinator)
        self.tell("the Prefect server is killed in mid-stage and comes back", *self.outcome(flow, begins), [], 0)

    def coordinator_killed(self, worker: Machine) -> None:
        """Kill the run with all that it started; the next one goes on."""
        self.change()
        begun = self.begun(worker)
        flow = self.flow()
        wait_for(begun, "the training")
        end(flow, signal.SIGKILL)
        begins = len(self.coordinator.said())
        self.tell("the coordinator is killed in mid-stage; a next run comes", *self.outcome(self.flow(), begins), [], 0)

    def store_stopped(self, worker: Machine) -> None:
        """Have nobody reach the store from the middle of a stage on, until the run has ended."""
        self.change()
        begins, begun = len(self.coordinator.said()), self.begun(worker)
        flow = self.flow()
        wait_for(begun, "the training")
        self.place.road.close()
        code, message = self.outcome(flow, begins)
        self.place.road.enter_context(self.place.road_to_s3())
        expected = ["`dvc --wait-for-lock push", f"127.0.0.1:{self.place.s3_road}"]
        self.tell("the S3 server goes away in mid-stage, and is back for the next run", code, message, expected, 0)

    def worker_cut_off(self, worker: Machine) -> None:
        """Have the only worker not reach the store, until the run has ended."""
        self.change()
        begins = len(self.coordinator.said())
        worker.run("dvc", "remote", "modify", "--local", REMOTE, "endpointurl", "http://127.0.0.1:1")
        code, message = self.outcome(self.flow(), begins)
        worker.run("dvc", "remote", "modify", "--local", "--unset", REMOTE, "endpointurl")
        self.tell("a worker cannot reach the store, and then can", code, message, ["127.0.0.1:1"], 1)


def main() -> int:
    """Measure and print; fail where something did not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=["s3", "ssh"], default="s3", help="where DVC's data go")
    parser.add_argument("--steps", type=int, default=4, help="of each GAN")
    parser.add_argument("--max-steps", type=int, default=6, help="of each classifier")
    parser.add_argument("--seeds", type=int, default=2, help="classifiers of an arm")
    parser.add_argument("--fault-steps", type=int, default=1000, help="of the GAN whose training is disturbed")
    parser.add_argument("--only", choices=["time", "faults"], help="a part of it")
    options = parser.parse_args()
    if servers.SSHD is None or servers.POSTGRES is None:
        parser.error("needs OpenSSH's server and PostgreSQL: apt install openssh-server postgresql")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends all servers, too
    with tempfile.TemporaryDirectory(prefix="two-machines-") as folder, ExitStack() as held:
        place = Place(Path(folder), options, held)
        place.write_project()
        coordinator = place.machine("coordinator", place.cores)
        half = len(place.cores) // 2
        parts = {"first": place.cores[:half] or place.cores, "second": place.cores[half:]}
        workers = [place.machine(name, cores) for name, cores in parts.items()]
        place.start_prefect(coordinator)
        coordinator.run("python", "-m", "pipelines", "prefect", "work-pool", "create", POOL, "--type", "process")
        try:
            if options.only != "faults":
                compare(place, coordinator, workers)
            if options.only != "time":
                Faults(place, coordinator, workers).inject()
        except UnexpectedError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
