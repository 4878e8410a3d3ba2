"""Images decoded by several processes: the same as by one, in order, a few at a time, and never left behind."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path

import joblib
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from augment.core.errors import DataError
from augment.datasets.decoding import Decoded, decode
from augment.datasets.told import Content
from augment.inspection import reading
from augment.inspection.findings import THUMBNAIL, look
from augment.inspection.reading import AHEAD, BATCH, decoded
from augment.inspection.recognition import reader, recognised

WORKERS = 3
MANY = (AHEAD * WORKERS + 2) * BATCH


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: WORKERS)


def pictures(count: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 9, 7), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of images, every tenth of which is none."""
    for number, pixels in enumerate(pictures(MANY)):
        path = tmp_path / "toys" / "ab"[number % 2] / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        if number % 10 == 3:
            path.write_bytes(b"GIF8" if number % 20 == 3 else b"")
    return tmp_path / "toys"


@pytest.mark.parametrize("kind", ["image_folder", "npz"])
def test_several_processes_find_what_one_finds(
    kind: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "npz":
        folder = tmp_path / "arrays"
        folder.mkdir()
        np.savez(folder / "data.npz", images=pictures(MANY), labels=np.arange(MANY) % 2)
    source = reader(recognised(folder))
    found = []
    for count in (1, WORKERS):
        monkeypatch.setattr(joblib, "cpu_count", lambda count=count: count)
        found.append(look(source, folder))
    alone, shared = found
    assert len(alone.unread) == (MANY // 10 if kind == "image_folder" else 0)
    assert {"a" if "GIF" in why else "b" for why in alone.unread.values()} == ({"a", "b"} if alone.unread else set())
    assert list(shared.unread.items()) == list(alone.unread.items())
    assert shared.pixels.tobytes() == alone.pixels.tobytes()
    assert shared.rows.tolist() == alone.rows.tolist()
    assert shared.sizes.tolist() == alone.sizes.tolist()
    assert (shared.modes, shared.deep, shared.copies) == (alone.modes, alone.deep, alone.copies)


@pytest.mark.usefixtures("cores")
def test_only_so_many_images_are_read_ahead() -> None:
    count, read = 20 * BATCH, 0

    def contents() -> Iterator[Content]:
        nonlocal read
        for pixels in pictures(count):
            read += 1
            yield pixels

    most = 0
    for taken, _ in enumerate(decoded(contents(), count, THUMBNAIL)):
        most = max(most, read - taken)
    assert read == count
    assert AHEAD * WORKERS * BATCH <= most <= AHEAD * WORKERS * BATCH + BATCH


@pytest.mark.usefixtures("cores")
def test_few_images_are_not_worth_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ProcessPoolExecutor", None)
    assert len(list(decoded(pictures(2 * BATCH - 1), 2 * BATCH - 1, THUMBNAIL))) == 2 * BATCH - 1
    with pytest.raises(TypeError):
        list(decoded(pictures(2 * BATCH), 2 * BATCH, THUMBNAIL))


@pytest.mark.usefixtures("cores")
def test_images_that_cannot_be_reached_end_it_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(content: Content, _: object) -> Decoded:
        time.sleep(0.1)
        return decode(content, THUMBNAIL)

    def contents() -> Iterator[Content]:
        yield from pictures(AHEAD * WORKERS * BATCH - 1)
        raise DataError("shard.tar: truncated")

    monkeypatch.setattr(reading, "decode", slow)
    began = time.monotonic()
    with pytest.raises(DataError, match=r"shard\.tar: truncated"):
        list(decoded(contents(), 20 * BATCH, THUMBNAIL))
    assert time.monotonic() - began < 0.1 * BATCH  # before any process is through with what it has
    assert not active_children()


@pytest.mark.usefixtures("cores")
def test_a_process_that_is_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(content: Content, _: object) -> Decoded:
        if isinstance(content, bytes):
            os.kill(os.getpid(), signal.SIGKILL)
        return decode(content, THUMBNAIL)

    monkeypatch.setattr(reading, "decode", crash)
    contents = [*pictures(5 * BATCH), b"", *pictures(BATCH)]
    with pytest.raises(DataError, match=r"one of 3 processes .* was killed, .*; with LOKY_MAX_CPU_COUNT=1 in the env"):
        list(decoded(contents, len(contents), THUMBNAIL))
    assert not active_children()


ENDLESS = """
import itertools
import signal
import joblib
import numpy as np
from augment.inspection import reading
from augment.inspection.findings import THUMBNAIL
joblib.cpu_count = lambda: 3
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
pixels = np.zeros((99, 99), np.uint8)
for number, _ in enumerate(reading.decoded(itertools.repeat(pixels), 10**9, THUMBNAIL)):
    if number == 1000:
        print("begun", flush=True)
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_what_ends_the_command_ends_its_processes(sign: signal.Signals) -> None:
    command = subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert command.stdout is not None
        assert command.stdout.readline() == "begun\n"
        # Ctrl-C reaches all of them, what kills a process it alone.
        (os.killpg if sign == signal.SIGINT else os.kill)(command.pid, sign)
        _, said = command.communicate(timeout=10)
        assert said.count("Traceback") == (1 if sign == signal.SIGINT else 0)
        assert said.rstrip().endswith("KeyboardInterrupt") == (sign == signal.SIGINT)
        for _ in itertools.takewhile(lambda _: alive(command.pid), range(50)):
            time.sleep(0.1)
        assert not alive(command.pid)
    finally:
        if alive(command.pid):
            os.killpg(command.pid, signal.SIGKILL)
            command.wait()


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
