import errno
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from augment.core.errors import ContainerError, NoRoomError
from augment.core.store import read_json, read_parquet, require_made, whole, write_json, write_left_out, write_png


def test_a_failed_write_leaves_the_old_version_and_no_litter(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"old": 1})

    def write_and_fail() -> None:
        with whole(tmp_path / "x.json") as draft:
            draft.write_text("{")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power"):
        write_and_fail()
    assert read_json(tmp_path / "x.json") == {"old": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    litter = tmp_path / ".set.partial"
    litter.mkdir()
    (litter / "half").write_text("half")
    with whole(tmp_path / "set") as draft:
        draft.mkdir()
        (draft / "new").touch()
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["new"]
    assert not litter.exists()


def test_a_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with whole(tmp_path / "set") as draft:
            draft.mkdir()
            (draft / name).touch()
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["second"]


def test_broken_json_and_parquet_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[1]")
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    with pytest.raises(ContainerError, match=r"a\.json: cannot be read"):
        read_json(tmp_path / "a.json")
    with pytest.raises(ContainerError, match=r"b\.json: expected a JSON object, found list"):
        read_json(tmp_path / "b.json")
    with pytest.raises(ContainerError, match=r"c\.parquet: cannot be read"):
        read_parquet(tmp_path / "c.parquet")


def test_json_without_numbers_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"accuracy": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_png_and_repeatable(tmp_path: Path) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    for name in ("a.png", "b.png"):
        write_png(tmp_path / name, pixels)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_json_file_that_is_left_out_says_why(tmp_path: Path) -> None:
    write_left_out(tmp_path / "choice.json", ["too few"])
    assert read_json(tmp_path / "choice.json") == {"left_out": ["too few"]}


@pytest.mark.parametrize("reasons", [[], None, [3], "too few"])
def test_reasons_that_are_none_are_refused(tmp_path: Path, reasons: object) -> None:
    write_json(tmp_path / "set" / "left_out.json", {"reasons": reasons})
    with pytest.raises(ContainerError, match=r"left_out\.json: expected reasons, a list of sentences"):
        require_made(tmp_path / "set")


def test_text_that_is_no_utf_8_is_found_where_it_is_read(tmp_path: Path) -> None:
    offsets = np.asarray([0, 2], dtype=np.int32)
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(b"\xe1\xff")])
    pq.write_table(pa.table({"group": broken}), tmp_path / "x.parquet")
    with pytest.raises(ContainerError, match=r"x\.parquet: cannot be read \(ArrowInvalid: .*UTF8"):
        read_parquet(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("I/O error: No space left on device (os error 28)"),  # as safetensors says it
    ],
)
def test_a_full_disk_is_told_in_one_sentence_and_leaves_what_was_whole(tmp_path: Path, error: Exception) -> None:
    write_json(tmp_path / "made" / "meta.json", {"a": 1})

    def fill() -> None:
        with whole(tmp_path / "made") as draft:
            draft.mkdir()
            with whole(draft / "meta.json") as part:
                part.write_text("{")
                raise error

    with pytest.raises(NoRoomError) as told:
        fill()
    assert str(told.value) == (
        f"{tmp_path / 'made'}: no room left on its disk, and nothing half-written stays there. Make room and run again"
    )
    assert read_json(tmp_path / "made" / "meta.json") == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_other_errors_while_writing_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), whole(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied")
