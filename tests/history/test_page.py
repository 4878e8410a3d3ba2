import json
import re
from typing import Any

import pytest

from augment.history.page import figure, render
from augment.history.points import History


def point(day: int, word: str = "helps", **changes: Any) -> dict[str, Any]:
    record = {
        "word": word,
        "endpoint": "balanced_accuracy",
        "difference": {"mean": -0.03, "low": -0.05, "high": -0.01},
        "without": {"arm": "real/plain", "mean": 0.9, "low": 0.88, "high": 0.92},
        "with": {"arm": "merged/<b>", "mean": 0.87, "low": 0.85, "high": 0.89},
    }
    told = {
        "when": f"2026-11-{day:02}T03:00:00+00:00",
        "names": [f"run night-{day}"],
        "aside": False,
        "data": "abc1234",
    }
    return told | {"settings": "def5678", "changes": [], "verdict_changed": False, "record": record} | changes


def history(**datasets: list[dict[str, Any]]) -> History:
    return History.read(json.dumps(datasets))


@pytest.fixture
def page() -> str:
    changed = point(2, "hurts", verdict_changed=True, changes=["gan.steps: 1 → 2", "raw/a: 3 files → 4 <files>"])
    return render(history(toys=[point(1), changed, point(3, record=None)], none=[]))


def test_the_newest_is_first_and_the_changed_verdict_is_marked(page: str) -> None:
    assert re.findall(r"run night-(\d)", page) == ["3", "2", "1"]
    assert page.count("<strong>changed</strong>") == 1
    assert re.search(r"▼</span> hurts</span>\s*<strong>changed", page)
    assert "gan.steps: 1 → 2<br>" in page
    assert "−3.0 [−5.0, −1.0]" in page
    assert "90.0 [88.0, 92.0]" in page
    assert "by balanced accuracy" in page
    assert page.count("Not in DVC") == 1


def test_the_page_asks_for_nothing_and_escapes_what_it_is_given(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert "merged/<wbr>&lt;b&gt;" in page
    assert "4 &lt;files&gt;" in page


def test_without_any_run_it_says_so() -> None:
    assert "No run has ended with a verdict yet." in render(history())


def test_the_figure_says_in_words_when_the_verdict_changed() -> None:
    changed = point(9, "hurts", verdict_changed=True)
    drawn = figure("toys", history(toys=[point(1), changed, point(10, aside=True)]).root["toys"])
    assert drawn
    assert "over 3 runs, from 2026-11-01 03:00 to 2026-11-10 03:00" in drawn.svg
    assert "Changes of the verdict: hurts from 2026-11-09 03:00 on." in drawn.svg
    assert ">hurts</text>" in drawn.svg
    assert ">test balanced accuracy %</text>" in drawn.svg


def test_there_is_no_figure_of_nothing() -> None:
    assert figure("toys", history(toys=[point(1, record=None)]).root["toys"]) is None


def test_what_one_run_found_stands_at_one_place() -> None:
    drawn = figure("toys", history(toys=[point(1)]).root["toys"])
    assert drawn is not None
    width = float(re.findall(r'viewBox="0 0 ([\d.]+)', drawn.svg)[0])
    signs = re.findall(r'<use href="[^"]*" x="([\d.]+)" y="([\d.]+)" style="fill: var\(--(?:real|merged)', drawn.svg)
    places = [float(x) for x, y in signs if float(y) > 40]  # the others are of the legend
    assert len(places) >= 2
    assert max(places) - min(places) < width / 5
