"""Real servers, each a process of its own for as long as a test or benchmark lasts: SSH, S3, PostgreSQL."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SSHD = shutil.which("sshd", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
BUCKET = "dvc"
DATABASE = "postgresql+asyncpg://prefect@127.0.0.1:{}/postgres"  # for Prefect: `postgres` at a port
S3_KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)  # Debian's
_WITHIN_S = 60.0


def free_port() -> int:
    """Find a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A process that listens on a port of this machine."""

    port: int
    folder: Path  # of its own
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it, if it has not ended."""
        self.process.terminate()
        self.process.wait()


@contextmanager
def ssh_server(folder: Path) -> Iterator[Server]:
    """Run OpenSSH's server, which lets this user in by the key `folder/key`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in "host", "key":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # which the server's unit makes elsewhere
    port = free_port()
    options = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "key.pub",
        "StrictModes": "no",  # the folder above may be open to others
        "PasswordAuthentication": "no",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "sshd_config").write_text("".join(f"{key} {value}\n" for key, value in options.items()))
    with _listening([str(SSHD), "-D", "-f", str(folder / "sshd_config")], port, folder / "sshd.log") as server:
        yield server


def make_home(home: Path, ssh: Server, *hosts: str) -> dict[str, str]:
    """Make a home from which these hosts are reached at an SSH server; return the environment of a user who has it."""
    (home / ".ssh").mkdir(parents=True)
    kind, key, _ = (ssh.folder / "host.pub").read_text().split(maxsplit=2)
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{ssh.port} {kind} {key}\n")
    options = {
        "HostName": "127.0.0.1",
        "Port": ssh.port,
        "User": getpass.getuser(),
        "IdentityFile": ssh.folder / "key",
        "UserKnownHostsFile": home / ".ssh" / "known_hosts",
    }
    config = home / ".ssh" / "config"
    config.write_text(f"Host {' '.join(hosts)}\n" + "".join(f"  {key} {value}\n" for key, value in options.items()))
    # OpenSSH takes the home from the system's table of users, where all homes of a test are one.
    (home / "bin").mkdir()
    (home / "bin" / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
    (home / "bin" / "ssh").chmod(0o755)
    (home / ".gitconfig").write_text("[user]\n  name = Somebody\n  email = somebody@example.org\n")
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(home / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        "DVC_NO_ANALYTICS": "1",
        **S3_KEYS,
    }


@contextmanager
def s3_server(folder: Path, port: int | None = None) -> Iterator[Server]:
    """Run moto's server of S3, in whose memory there is one bucket, `BUCKET`."""
    import boto3

    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    words = [str(Path(sys.executable).parent / "moto_server"), "--host", "127.0.0.1", "--port", str(port)]
    with _listening(words, port, folder / "s3.log") as server:
        key, secret, region = S3_KEYS.values()
        session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)
        session.client("s3", endpoint_url=f"http://127.0.0.1:{port}").create_bucket(Bucket=BUCKET)
        yield server


@contextmanager
def postgres() -> Iterator[Server]:
    """Run PostgreSQL on an empty database, `DATABASE`; as root by the user that Debian has for it."""
    programs = POSTGRES or Path()
    user, port = "postgres" if os.geteuid() == 0 else None, free_port()  # it refuses root
    with TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        if user:
            shutil.chown(name, user)
        data = str(Path(name) / "database")
        initdb = [str(programs / "initdb"), "-A", "trust", "-U", "prefect", "-D", data]
        subprocess.run(initdb, check=True, user=user, capture_output=True, cwd="/")
        words = [str(programs / "postgres"), "-D", data, "-k", name, "-p", str(port), "-F"]
        with _listening(words, port, Path(name) / "postgres.log", user) as server:
            yield server


@contextmanager
def _listening(words: list[str], port: int, log: Path, user: str | None = None) -> Iterator[Server]:
    with log.open("wb") as file:
        server = Server(port, log.parent, subprocess.Popen(words, stdout=file, stderr=file, user=user, cwd="/"))
    try:
        deadline = time.monotonic() + _WITHIN_S
        while not answers(port):
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{words} does not listen:\n{log.read_text()}")
            time.sleep(0.05)
        yield server
    finally:
        server.stop()


def answers(port: int) -> bool:
    """Tell whether something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
