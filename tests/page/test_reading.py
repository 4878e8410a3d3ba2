from pathlib import Path

from augment.core.store import write_json
from augment.page.reading import read_provenance


def test_a_note_of_what_a_stage_cost_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    write_json(tmp_path / "compare.json", {"stage": "compare", "wall_s": 1.0})
    for name, content in (
        ("cut.json", b'{"stage": "cu'),
        ("empty.json", b""),
        ("list.json", b"[]"),
        ("x.json", b"\xff"),
    ):
        (tmp_path / name).write_bytes(content)
    assert read_provenance(tmp_path / "dvc.lock", tmp_path, {}).costs == {
        "compare": {"stage": "compare", "wall_s": 1.0}
    }
