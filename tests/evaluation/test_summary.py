from dataclasses import replace

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from augment.evaluation.arms import Arm, Kind
from augment.evaluation.comparison import compare
from augment.evaluation.predictions import Predictions
from augment.evaluation.summary import accuracy_figure, markdown
from tests.evaluation.simulated import arm, random_hits

FOUND_OUT = {"auc": 0.55, "auc_low": 0.51, "auc_high": 0.59, "p_value": 0.01}
FOUND_OUT |= {"advantage": 0.08, "advantage_low": -0.01, "advantage_high": 0.17, "caught": 0.02}
QUALITY = {
    "label_fidelity": 0.98,
    "lowest_label_fidelity": 0.97,
    "frechet_distance": 4.0,
    "real_reference": {"frechet_distance": 1.5},
    "precision": 0.9,
    "recall": 0.6,
    "density": 1.1,
    "coverage": 0.8,
    "failed_checks": 0,
    "memorisation": {"pixels": {"near_copies": 0.02, "expected_near_copies": 0.01, "pull": 0.6}},
    "membership": {"pixels": FOUND_OUT, "features": FOUND_OUT},
}
ARMS = [
    arm("real", "plain", random_hits(0.6, 0), 0.6),
    arm("real", "classical", random_hits(0.7, 1), 0.7),
    arm("merged", "plain", random_hits(0.9, 2), 0.9),
]


def test_the_table_has_a_row_an_arm_and_no_difference_of_an_arm_to_itself() -> None:
    text = markdown({"toys": compare(ARMS, seed=0)}, {"toys": {"gan": QUALITY}})
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    names = [row.split("|")[1].strip() for row in rows]
    assert names == ["`real/plain`", "`real/classical`", "`merged/plain`", "`gan`"]
    assert rows[0].split("|")[7].strip() == "–"
    assert rows[1].split("|")[8].strip() == "–"
    assert "**Over 5 seeds and 400 test images, synthesis (`merged/plain`, chosen on val) helps" in text
    assert "| `gan` | 0.980 (0.970) | 4.00 (1.50) | 0.90 | 0.60 | 1.10 | 0.80 | 0 |" in text


def test_a_reference_that_is_also_the_best_is_compared_with_once() -> None:
    text = markdown({"toys": compare([ARMS[0], ARMS[2]], seed=0)}, {"toys": {"gan": QUALITY}})
    assert text.count("difference to `real/plain`") == 1


def test_a_release_is_told_with_the_accuracy_it_keeps_and_what_it_gives_away() -> None:
    arms = [ARMS[0], arm("synthetic", "plain", random_hits(0.3, 3), 0.3)]
    text = markdown({"toys": compare(arms, 0)}, {"toys": {"gan": QUALITY}})
    assert "Trained on synthetic images alone, `synthetic/plain` keeps " in text
    assert "in 55.0 % [51.0, 59.0] of cases by pixels" in text


def test_rare_classes_and_groups_have_tables_where_there_are_any() -> None:
    def lopsided(one: Arm) -> Arm:
        said, labels = one.predictions, np.tile([0, 0, 0, 1], 100)
        groups = ("north", "south") * 200
        probabilities = np.where(labels[:, None] == 0, said.probabilities, said.probabilities[:, :, ::-1])
        predictions = Predictions(labels, probabilities, said.classes, groups)
        counts = np.asarray([90, 3 if one.kind is Kind.REAL else 90])
        return replace(one, predictions=predictions, train_counts=counts)

    text = markdown({"toys": compare([lopsided(ARMS[0]), lopsided(ARMS[2])], seed=0)}, {"toys": {}})
    tail = next(line for line in text.splitlines() if line.startswith("| tier tail |"))
    assert tail.split("|")[2:4] == [" 3 → 90 ", " 100 "]
    assert tail.split("|")[5].strip().startswith("+")
    assert "| class b | 3 → 90 | 100 |" in text
    assert "| arm | accuracy gap, `" in text
    even = markdown({"toys": compare([ARMS[0], ARMS[0]], seed=0)}, {"toys": {}})
    assert "tier" not in even
    assert "accuracy gap" not in even


def test_a_chosen_arm_that_changes_no_class_is_told() -> None:
    same = arm("merged", "plain", ARMS[0].predictions.hits, 0.6)
    text = markdown({"toys": compare([ARMS[0], same], seed=0)}, {"toys": {}})
    assert "No class's recall is detectably changed by `merged/plain` against `real/plain`." in text


def test_the_figure_has_a_panel_a_dataset_and_a_label_an_arm() -> None:
    figure = accuracy_figure({"toys": compare(ARMS, seed=0), "cars": compare(ARMS[:1], seed=0)})
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]  # matplotlib's own gap
    panels = figure.get_axes()
    assert len(panels) == 2
    assert [label.get_text() for label in panels[0].get_yticklabels()] == [
        "merged/plain",
        "real/classical",
        "real/plain",
    ]
