import re

import pytest

from benchmarks.mutation import PROJECT, Change, listed_survivors, may_live, report

LISTED = listed_survivors()
EXACT = [each for each in LISTED if "pattern" not in each]


def test_a_reason_stands_with_every_mutant_that_may_live() -> None:
    keys = {frozenset(each) for each in LISTED}
    assert keys <= {frozenset(keys.split()) for keys in ("pattern why", "file pattern why", "file before after why")}
    assert all(each["why"].strip() for each in LISTED)


@pytest.mark.parametrize("each", EXACT, ids=lambda each: each["before"])
def test_what_a_listed_mutant_changes_is_still_there(each: dict[str, str]) -> None:
    assert each["before"] != each["after"]
    lines = re.sub(r"\s+", "", (PROJECT / each["file"]).read_text())
    assert re.sub(r"\s+", "", each["before"]) in lines


def test_a_pattern_speaks_of_new_lines_in_any_file_or_in_one() -> None:
    change = Change("a.py", "x = zip(a, b, strict=True)", "x = zip(a, b, strict=False)")
    assert may_live(change, [{"pattern": "strict=False", "why": ""}])
    assert not may_live(change, [{"pattern": "strict=True", "why": ""}])
    assert may_live(change, [{"pattern": "strict=False", "file": "a.py", "why": ""}])
    assert not may_live(change, [{"pattern": "strict=False", "file": "b.py", "why": ""}])


def test_without_a_pattern_file_and_both_lines_are_compared() -> None:
    listed = [{"file": "a.py", "before": "x", "after": "y", "why": ""}]
    assert may_live(Change("a.py", "x", "y"), listed)
    for other in (Change("b.py", "x", "y"), Change("a.py", "z", "y"), Change("a.py", "x", "z")):
        assert not may_live(other, listed)


def test_the_share_leaves_out_what_may_live(capsys: pytest.CaptureFixture[str]) -> None:
    living = [("survived", "m1", Change("a.py", "x", "y")), ("no tests", "m2", Change("a.py", "x", "z"))]
    assert report(11, living, [{"file": "a.py", "before": "x", "after": "y", "why": ""}]) == 0.9
    said = capsys.readouterr().out
    assert "no tests: m2 (a.py)\n  - x\n  + z\n" in said
    assert "m1" not in said
    assert "9 killed, 1 survived, 1 may live: 90.0% killed of what may not" in said
