import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import pytest

from crispml_core.reporting import plots

CURVE = {"fpr": [0.0, 0.2, 1.0], "tpr": [0.0, 0.7, 1.0]}


def draw(name="roc"):
    return plots.roc({"bad": CURVE}, name, "ROC curve of bad")


def test_the_same_figure_gives_the_same_text():
    assert draw() == draw()


def test_two_figures_share_no_id():
    first, second = draw("first"), draw("second")
    assert 'id="first-' in first
    assert 'id="first-' not in second


def test_figures_drawn_at_once_do_not_mix():
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: str(draw()), range(8))) == {str(draw())}


def test_drawing_leaves_the_style_of_the_process_alone():
    before = dict(mpl.rcParams)
    draw()
    assert dict(mpl.rcParams) == before


def test_pyplot_and_its_global_state_stay_out(monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    draw()
    assert "matplotlib.pyplot" not in sys.modules


def test_the_label_is_escaped():
    assert 'aria-label="&lt;b&gt; &#34;x&#34;"' in plots.roc({"a": CURVE}, "r", '<b> "x"')


@pytest.mark.filterwarnings("error")
def test_names_in_any_script_are_drawn_as_text():
    rows = [(name, {"value": 0.5, "low": 0.4, "high": 0.6}) for name in ("東京", "$a_b$", "a & b")]
    figure = plots.groups(rows, 0.5, "AUC", "town", "AUC by town")
    assert ">東京<" in figure
    assert ">$a_b$<" in figure
    assert ">a &amp; b<" in figure


def test_a_group_without_value_or_bounds_leaves_a_row():
    rows = [
        ("a", {"value": None, "low": None, "high": None}),
        ("b", {"value": 0.5, "low": None, "high": None}),
    ]
    assert ">a<" in plots.groups(rows, None, "AUC", "town", "AUC by town")
