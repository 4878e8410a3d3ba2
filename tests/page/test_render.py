"""The page as a browser and a screen reader take it."""

import html
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from augment.assessment import pictures
from augment.comparison.assembly import assemble_nothing
from augment.comparison.left_out import left_out as those_left_out
from augment.evaluation.predictions import GroundTruth
from augment.page import views
from augment.page.content import Pictures, Provenance
from augment.page.render import render
from augment.results import tables
from augment.results.kinds import Missing
from augment.results.record import LeftOut
from augment.synthesis.training.monitoring import GRID_COLUMNS
from tests.comparison.simulated import arm, random_hits
from tests.page.examples import FAILED, HOSTILE, dataset, provenance
from tests.results.examples import result_of

VOID = {"meta", "link", "img", "wbr"}


class Outline(HTMLParser):
    """What a page holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note and open it."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.text += data

    def of(self, *names: str) -> list[dict[str, str | None]]:
        """Give the attributes of every element of these names."""
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def page() -> str:
    return render(dataset(), provenance(), several=True).html


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    return Outline(page)


def test_nothing_is_fetched_from_anywhere(page: str, outline: Outline) -> None:
    places = [value or "" for _, tag in outline.tags for name, value in tag.items() if name in ("src", "href")]
    assert [place for place in places if not place.startswith(("#", "data:"))] == ["../index.html"]
    assert re.findall(r"url\((?!#)|@import|srcset", page) == []
    assert outline.of("script", "iframe", "object", "base") == []


def test_every_element_is_closed_and_every_id_is_its_own(outline: Outline) -> None:
    assert outline.open == []
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_whatever_is_pointed_at_exists(page: str, outline: Outline) -> None:
    ids = {attributes["id"] for _, attributes in outline.tags if "id" in attributes}
    named = {word for _, tag in outline.tags for word in (tag.get("aria-labelledby") or "").split()}
    linked = {(tag["href"] or "")[1:] for tag in outline.of("a", "use") if tag["href"] != "../index.html"}
    assert named | linked | set(re.findall(r"url\(#([^)]+)\)", page)) <= ids


def test_every_picture_says_what_is_seen(outline: Outline) -> None:
    drawings, pictures = outline.of("svg"), outline.of("img")
    assert len(drawings) > len(pictures) > 0
    assert all(tag["role"] == "img" and len(tag["aria-label"] or "") > 20 for tag in drawings)
    assert all(len(tag["alt"] or "") > 20 for tag in pictures)


def test_headings_skip_no_level(outline: Outline) -> None:
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_reader_without_eyes_or_mouse_finds_the_way(outline: Outline) -> None:
    assert outline.of("html")[0]["lang"] == "en"
    assert all(len(outline.of(landmark)) == 1 for landmark in ("header", "nav", "main", "footer"))
    assert outline.of("a")[0] == {"class": "skip", "href": "#content"}
    assert len(outline.of("caption")) == len(outline.of("table")) > 0
    assert all(tag.get("scope") in ("col", "row", "rowgroup") for tag in outline.of("th"))
    boxes = [tag for tag in outline.of("div") if tag.get("class") == "scroll"]
    assert all(tag["tabindex"] == "0" and tag["role"] == "region" for tag in boxes)
    assert len({tag["aria-labelledby"] for tag in boxes}) == len(boxes)


def test_what_to_do_comes_first_then_pictures_then_figures_then_the_rest(page: str) -> None:
    advice = "Use the synthetic images: train on <code>merged</code> with recipe <code>balanced</code>."
    places = [page.index(f'<h2 id="{name}">') for name in ("verdict", "pictures", "figures", "images", "reading")]
    assert places == sorted(places)
    assert places[0] < page.index(advice) < page.index("badge helps") < page.index("<img") < page.index("<svg")
    assert "On 60 test images and over 3 runs, <code>merged/balanced</code>, the best arm with synthetic images" in page


def test_nothing_is_green_before_or_after_leave_it_out() -> None:
    arms = [
        arm("real", "plain", random_hits(0.6, 0), 0.6),
        arm("real", "classical", random_hits(0.9, 1), 0.9),
        arm("merged", "plain", random_hits(0.9, 2), 0.9),
    ]
    page = render(replace(dataset(), result=result_of(arms), pictures=(), confusion={}), provenance()).html
    advice, badge = "Leave the synthetic images out: train on <code>real</code>", '<span class="badge neutral">'
    assert page.index(advice) < page.index(badge)
    assert "badge helps" not in page
    assert "▲</span> more accurate" in page


def test_an_interval_says_whether_it_covers_the_generators_training(page: str) -> None:
    neither = "nor another training of the generator: neither was repeated."
    each = dataset()
    arms = tuple(one.model_copy(update={"generators": 3 if one.synthesizer else 1}) for one in each.result.arms)
    other = render(replace(each, result=each.result.model_copy(update={"arms": arms})), provenance()).html
    assert neither in page
    assert neither not in other
    assert "it covers chance in the generator’s training, too." in other
    assert "over 3 runs with a generator each, " in other


def test_an_interval_says_whether_it_counts_groups(page: str) -> None:
    each = dataset()
    other = render(replace(each, result=each.result.model_copy(update={"test_groups": 6})), provenance()).html
    assert "It covers chance in training and in the choice of test images. " in page
    assert "its 95 % interval over runs and test images. Dashed" in page
    assert "in the choice of the 6 groups that the test images are of" in other
    assert "its 95 % interval over runs and groups of test images. Dashed" in other


def test_hostile_names_are_shown_as_they_are_and_do_nothing(page: str, outline: Outline) -> None:
    assert HOSTILE[0] not in page
    assert all(name in outline.text for name in HOSTILE)
    assert "a <machine>" in outline.text


def test_the_same_input_gives_the_same_page(page: str) -> None:
    assert render(dataset(), provenance(), several=True).html == page


def test_figures_take_the_colours_and_fonts_of_the_page() -> None:
    for drawing in render(dataset(), provenance()).drawings:
        assert "var(--ink, #" in drawing.svg
        assert re.findall(r"(?<!, )#[0-9a-f]{6}", drawing.svg) == []
        assert "DejaVu" not in drawing.svg


def test_what_is_missing_is_left_out_or_told() -> None:
    bare = replace(dataset(), confusion={}, pictures=(Pictures("gan"),))
    outline = Outline(render(bare, Provenance(made="today")).html)
    assert outline.of("img") == []
    assert "Confusions" not in outline.text
    assert "not known: no git repository" in outline.text
    assert "not known: not run here" in outline.text


def test_a_stage_that_did_not_run_here_has_no_cost(outline: Outline) -> None:
    text = " ".join(outline.text.split())
    assert "prepare0 of 1not run here" in text
    assert "compare1 of 11 min 15 s3.2 s2.0 MB2030-01-01 00:00" in text


def test_without_merged_arms_there_is_a_page_nevertheless() -> None:
    alone = result_of([arm("real", "plain", random_hits(0.6, 0), 0.6)], {})
    page = render(replace(dataset(), result=alone, pictures=(), confusion={}), provenance()).html
    assert "Real and synthetic images together are not judged: no arm trains on both." in page
    assert "<svg" in page


def test_what_was_left_out_comes_before_the_advice() -> None:
    left_out = [LeftOut(name="gan", missing=Missing.FAILED_CHECKS, reasons=("class <i>: it repeats itself",))]
    result = result_of([arm("real", "plain", random_hits(0.6, 0), 0.6)], {}, left_out)
    page = render(replace(dataset(), result=result, pictures=(), confusion={}), provenance()).html
    said = "<code>gan</code> failed its checks (class &lt;i&gt;: it repeats itself): leave it out."
    assert page.index(said) < page.index("Train on <code>real</code>")


def test_without_a_real_arm_there_is_a_page_that_says_so() -> None:
    truth, without = (
        GroundTruth(classes=("a", "b"), labels=(0, 1)),
        LeftOut(name="real", missing=Missing.NOT_MERGED, reasons=("training diverged",)),
    )
    nothing = assemble_nothing("toys", truth, {"gan": FAILED}, [without])
    page = render(replace(dataset(), result=nothing, confusion={}), provenance()).html
    assert "Left out: <code>real</code>, because training diverged." in page
    assert "no arm on real images alone could be trained" in page
    assert page.count("<img") == 3


def test_the_account_of_the_images_is_shown_and_its_warnings_stand_beside_the_verdict() -> None:
    account = {
        "classes": {"<cat>": {"read": 9, "copies": 2, "train": 7}},
        "notes": ["3 files left out"],
        "warnings": ["<cat>: 2 of 9 images are copies"],
    }
    page = render(replace(dataset(), account=account), provenance()).html
    assert page.index("&lt;cat&gt;: 2 of 9 images are copies") < page.index('<h2 id="pictures">')
    assert cells_of(page, "&lt;cat&gt;") == ["9", "2", "7"]
    assert page.index('<h2 id="images">') < page.index("3 files left out")


def cells_of(page: str, row: str) -> list[str]:
    """Give the cells of the first row that is named so."""
    found = re.search(rf'<tr[^>]*><th scope="row"[^>]*>{re.escape(row)}.*?</tr>', page, flags=re.DOTALL)
    assert found is not None
    return [
        html.unescape(re.sub("<[^>]*>", "", cell.replace("<small>", " "))).strip()
        for cell in re.findall(r"<td>(.*?)</td>", found[0])
    ]


def test_a_figure_stands_before_that_of_real_images_in_the_column_of_its_synthesizer(page: str) -> None:
    assert cells_of(page, "Fréchet distance ↓")[:2] == ["3.40 (1.50)", "4.00 (1.50)"]
    assert cells_of(page, "precision ↑")[:2] == ["–", "0.90 (0.95)"]
    assert cells_of(page, "attacker right %, by features ↓")[0] == "57.0 [51.0, 59.0]"


def test_the_arms_have_the_figures_of_the_record_and_the_markdown(page: str) -> None:
    result = dataset().result
    found, expected = cells_of(page, "balanced<small>best without"), tables.arms(result).rows[1]
    assert [cell.replace("−", "-") for cell in found] == [cell.text for cell in expected]
    for title in tables.arms(result).titles[1:8]:
        assert f">{html.escape(title)}</th>" in page.replace("<wbr>", "")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_browser_has_nothing_to_complain_about(page: str, tmp_path: Path) -> None:
    # The page's own policy forbids every request: one that were made all the same would be told on the console.
    assert "default-src 'none'" in page
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--disable-background-networking", "--enable-logging=stderr", "--v=0", "--dump-dom"]
    shown = subprocess.run(
        [*command, (tmp_path / "index.html").as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    assert "CONSOLE" not in shown.stderr
    assert "did synthesis help?" in shown.stdout


def test_a_picture_keeps_its_room_while_it_loads(outline: Outline) -> None:
    assert {(tag["width"], tag["height"]) for tag in outline.of("img")} == {("12", "8")}


def test_the_page_names_as_many_classes_as_the_pictures_show(page: str) -> None:
    assert (views.MOST_PICTURED, views.MOST_FILMED) == (pictures.MOST_ROWS, GRID_COLUMNS)
    lists = [re.findall("<li>(.*?)</li>", found) for found in re.findall('<ul aria-hidden="true">(.*?)</ul>', page)]
    names = [[html.unescape(re.sub("<.*?>", "", name)) for name in found] for found in lists]
    assert names == [list(HOSTILE)] * 3


def test_names_of_classes_that_begin_alike_are_cut_before_their_end(page: str) -> None:
    cut = re.findall('class="name"><span>([^<]*)</span><span>([^<]*)</span>', page)
    assert {html.unescape(head + tail) for head, tail in cut} == set(HOSTILE)
    assert {len(html.unescape(tail)) for _, tail in cut} == {views.END}


def test_with_a_single_arm_no_figure_of_differences_is_drawn() -> None:
    alone = result_of([arm("real", "plain", random_hits(0.6, 0), 0.6)], {})
    made = render(replace(dataset(), result=alone, pictures=(), confusion={}), provenance())
    assert [drawing.name for drawing in made.drawings] == ["toys-accuracy"]
    assert "Paired difference" not in made.html
    assert [word for word in ("synthetic only", "▲ control") if word in made.html] == []


def test_failed_checks_stand_open_once_in_the_verdict_and_all_of_them_folded_with_the_pictures() -> None:
    failures = [f"class {k}: coverage 0.01" for k in range(50)]
    each = dataset()
    quality = {"gan": FAILED | {"failed_checks": 50, "failures": failures}}
    arms = [arm("real", "plain", random_hits(0.7, 1, (3, 60)), 0.7)]
    page = render(replace(each, result=result_of(arms, quality, those_left_out(quality, arms, []))), provenance()).html
    shown, _, folded = page.partition('<details><summary class="failures">Failed 50 checks: what each says</summary>')
    assert shown.count("class 0: coverage") == 1
    assert "class 3: coverage" not in shown
    assert all(folded.partition("</details>")[0].count(f"<li>{failure}</li>") == 1 for failure in failures)
