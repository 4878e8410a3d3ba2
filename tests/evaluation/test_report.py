from matplotlib.backends.backend_agg import FigureCanvasAgg

from augment.evaluation.comparison import compare
from augment.evaluation.report import accuracy_figure, markdown
from tests.evaluation.test_comparison import arm, random_hits

QUALITY = {
    "label_fidelity": 0.98,
    "lowest_label_fidelity": 0.97,
    "frechet_distance": 4.0,
    "floor": {"frechet_distance": 1.5},
    "precision": 0.9,
    "recall": 0.6,
    "density": 1.1,
    "coverage": 0.8,
    "failed_checks": 0,
}
ARMS = [
    arm("real", "plain", random_hits(0.6, 0), 0.6),
    arm("real", "classical", random_hits(0.7, 1), 0.7),
    arm("merged", "plain", random_hits(0.9, 2), 0.9),
]


def test_the_table_has_a_row_an_arm_and_no_difference_of_an_arm_to_itself() -> None:
    text = markdown({"toys": compare(ARMS)}, {"toys": {"gan": QUALITY}})
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    names = [row.split("|")[1].strip() for row in rows]
    assert names == ["`real/plain`", "`real/classical`", "`merged/plain`", "`gan`"]
    assert rows[0].split("|")[5].strip() == "–"
    assert rows[1].split("|")[6].strip() == "–"
    assert "**Synthesis (`merged/plain`) helps" in text
    assert "| `gan` | 0.980 (0.970) | 4.00 (1.50) | 0.90 | 0.60 | 1.10 | 0.80 | 0 |" in text


def test_a_reference_that_is_also_the_best_is_compared_with_once() -> None:
    text = markdown({"toys": compare([ARMS[0], ARMS[2]])}, {"toys": {"gan": QUALITY}})
    assert text.count("difference to `real/plain`") == 1


def test_the_figure_has_a_panel_a_dataset_and_a_label_an_arm() -> None:
    figure = accuracy_figure({"toys": compare(ARMS), "cars": compare(ARMS[:1])})
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]  # matplotlib's own gap
    panels = figure.get_axes()
    assert len(panels) == 2
    assert [label.get_text() for label in panels[0].get_yticklabels()] == [
        "merged/plain",
        "real/classical",
        "real/plain",
    ]
