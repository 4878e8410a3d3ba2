"""A short run of the fuzzer: no reader ends otherwise than by reading or by saying what is wrong."""

from pathlib import Path

import pytest

from augment.core.errors import DataError
from benchmarks.fuzz_readers import Target, damaged, fuzz, main, with_checksums
from tests.datasets.test_decoding import png


def test_no_damaged_file_ends_in_an_error_that_is_none_of_ours(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--inputs", "700"]) == 0, capfd.readouterr().out


def put(folder: Path, data: bytes) -> Path:
    (folder / "x").write_bytes(data)
    return folder / "x"


def test_what_a_reader_does_wrong_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.fuzz_readers.SECONDS", 0.05)

    def read(path: Path) -> None:
        data = path.read_bytes()
        if data == b"sound file":
            return
        if len(data) < 10:
            raise DataError("too short")
        if len(data) > 10:
            while True:
                pass
        raise ValueError("of another library")

    kinds = {outcome.kind for outcome in fuzz(Target([b"sound file"], read, put), tmp_path, 60, 0)}
    assert kinds - {"read"} == {"refused", "slow", "error"}


def test_checksums_are_mended_and_nothing_else() -> None:
    import numpy as np

    sound = png(8, 0, 1)
    assert with_checksums(sound) == sound
    assert with_checksums(sound[:-1] + b"\0") == sound
    assert with_checksums(b"GIF89a") == b"GIF89a"
    assert damaged(np.random.default_rng(0), [sound]) != sound
