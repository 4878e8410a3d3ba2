import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.comparison.arms import Arm
from augment.evaluation.predictions import GroundTruth
from augment.results.kinds import Missing
from augment.results.record import LeftOut
from augment.results.tables import Cell, Table
from augment.summary.markdown import document, escape, prose, table
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import result_of

ARMS = [
    arm("real", "plain", random_hits(0.6, 0), 0.6),
    arm("real", "classical", random_hits(0.7, 1), 0.7),
    arm("merged", "plain", random_hits(0.9, 2), 0.9),
]


def test_the_document_says_what_to_do_before_any_table() -> None:
    text = document({"toys": result_of(ARMS), "cars": result_of(ARMS[:1], dataset="cars")})
    assert text.startswith("# Did synthesis help?\n\n## toys\n\n**Use the synthetic images: train on `merged`")
    assert text.index("## toys") < text.index("| `real/plain` |") < text.index("## cars")
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| `")]
    assert rows == ["`real/plain`", "`real/classical`", "`merged/plain`", "`real/plain`"]
    assert "- **accuracy %**: How many of 100 test images are named rightly" in text


def test_what_was_left_out_is_said_first() -> None:
    left_out = [LeftOut(name="gan", missing=Missing.NOT_MERGED, reasons=("class <i>: it repeats itself",))]
    text = document({"toys": result_of(ARMS[:1], left_out=left_out)})
    assert "Left out: `gan`, because class &lt;i&gt;: it repeats itself. **Train on" in text


def with_classes(one: Arm, *classes: str) -> Arm:
    truth = GroundTruth(classes=classes, labels=(0, 1) * 200, groups=("x|y", "<b>") * 200)
    return replace(one, predictions=replace(one.predictions, truth=truth))


def test_names_of_any_kind_stay_in_their_cells() -> None:
    classes = ("a|b", "<i>x</i> `c` *d* NA\nz [e](http://f)")
    text = document({"toys": result_of([with_classes(one, *classes) for one in ARMS])})
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    for found in tables:
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in found.splitlines()}
        assert len(cells) == 1, found
    assert "a\\|b" in text
    assert "<i>" not in text
    assert "&lt;i&gt;" in text
    assert "](http" not in text


@given(st.text())
def test_escaped_text_opens_neither_cell_nor_tag_nor_line(name: str) -> None:
    found = escape(name)
    assert "<" not in found
    assert "\n" not in found
    assert "\r" not in found
    assert re.search(r"(?<!\\)(?:\\\\)*[|`*]", found) is None


def test_an_underscore_within_a_word_is_left_alone() -> None:
    assert escape("long_tail _x_ a_") == "long_tail \\_x\\_ a\\_"


def test_code_within_a_sentence_stays_code() -> None:
    assert prose("train on `real` with <b> and `") == "train on `real` with &lt;b&gt; and \\`"


@pytest.mark.parametrize(("code", "name"), [(True, "`a_b`"), (False, "a_b")])
def test_a_table_is_set_with_its_detected_differences_in_bold(code: bool, name: str) -> None:
    found = table(Table(["x", "to `y`"], ["a_b"], [[Cell("+1.0", strong=True)]], ""), code)
    assert found == f"| x | to `y` |\n|---|---|\n| {name} | **+1.0** |\n"


def test_rare_classes_have_a_row_and_a_class_that_is_not_changed_has_none() -> None:
    def lopsided(one: Arm, rare: int) -> Arm:
        said = with_classes(one, "a", "b")
        return replace(said, train_counts=np.asarray([90, rare]))

    text = document({"toys": result_of([lopsided(ARMS[0], 3), lopsided(ARMS[2], 90)])})
    tail = next(line for line in text.splitlines() if line.startswith("| tier tail |"))
    assert tail.split("|")[2:4] == [" 3 → 90 ", " 200 "]
    even = document({"toys": result_of([ARMS[0], arm("merged", "plain", ARMS[0].predictions.hits, 0.6)])})
    assert "tier" not in even
    assert "`merged/plain` detectably changes the recall of no class, against `real/plain`." in even
