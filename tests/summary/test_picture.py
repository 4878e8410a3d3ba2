from matplotlib.backends.backend_agg import FigureCanvasAgg

from augment.summary.picture import accuracy_figure
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import result_of

ARMS = [arm("real", "plain", random_hits(0.6, 0), 0.6), arm("merged", "plain", random_hits(0.9, 2), 0.9)]


def test_the_picture_has_a_panel_a_dataset_and_a_label_an_arm() -> None:
    figure = accuracy_figure({"toys": result_of(ARMS), "cars": result_of(ARMS[:1])})
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]  # matplotlib's own gap
    panels = figure.get_axes()
    assert len(panels) == 2
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["merged/plain", "real/plain"]
