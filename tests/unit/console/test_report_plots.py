from __future__ import annotations

import pytest

from crispml_console.parts import report_plots

CONTENT = {
    "task": "binary",
    "threshold": 0.5,
    "kpis": {"auc": {"value": 0.8, "low": 0.7, "high": 0.9}},
    "curves": {
        "roc": {"bad": {"fpr": [0, 0, 1], "tpr": [0, 1, 1]}},
        "pr": {"bad": {"recall": [0.5, 1], "precision": [1, 0.5], "baseline": 0.25}},
        "calibration": {
            "bins": [
                {"count": 4, "predicted": 0.1, "observed": 0.25, "low": 0.0, "high": 0.6},
                {"count": 4, "predicted": 0.9, "observed": None, "low": None, "high": None},
            ],
            "of": "probability of bad",
        },
    },
    "distribution": {
        "edges": [0.0, 0.5, 1.0],
        "counts": {"good": [3, 1], "bad": [1, 3]},
        "of": "probability of bad",
    },
    # A missed bad record costs 5, a good one that is turned down 1.
    "confusion": {"classes": ["good", "bad"], "cost_table": [[0, 1], [5, 0]]},
    "importance": {"kpi": "auc", "columns": [{"column": "age", "mean": 0.1, "sd": 0.01}]},
    "segments": {
        "sex": {
            "groups": [
                {
                    "group": "f",
                    "suppressed": False,
                    "kpis": {"auc": {"value": 0.75, "low": 0.7, "high": 0.9}},
                },
                {"group": "m", "suppressed": True},
            ]
        }
    },
}


def test_the_cost_at_each_threshold_is_that_of_the_decisions_there():
    thresholds, means = report_plots.cost_curve(CONTENT)
    assert thresholds == [0.0, 0.5, 1.0]
    # All turned down; split in the middle; nobody turned down.
    assert means == [4 * 1 / 8, (1 * 1 + 1 * 5) / 8, 4 * 5 / 8]


@pytest.mark.parametrize("missing", ["distribution", "confusion"])
def test_without_counts_there_is_no_cost(missing):
    assert report_plots.costs({"v": CONTENT | {missing: None}}) is None
    assert report_plots.costs({"v": CONTENT | {"task": "multiclass"}}) is None


def test_one_report_names_its_classes_and_two_are_told_apart():
    def names(figure):
        return [t["name"] for t in figure["data"] if t.get("showlegend", True)]

    assert names(report_plots.roc({"v1": CONTENT})) == ["bad"]
    both = report_plots.roc({"v1": CONTENT, "v2": CONTENT})
    assert names(both) == ["v1", "v2"]
    assert both["layout"]["showlegend"]
    many = {"v1": CONTENT | {"curves": {"roc": {c: {"fpr": [], "tpr": []} for c in "ab"}}}}
    assert names(report_plots.roc(many | {"v2": CONTENT})) == ["v1 · a", "v1 · b", "v2 · bad"]


def test_intervals_are_distances_and_missing_ones_stay_missing():
    *_, trace = report_plots.calibration({"v": CONTENT})["data"]
    assert trace["error_y"]["array"] == [pytest.approx(0.35), None]
    assert trace["error_y"]["arrayminus"] == [pytest.approx(0.25), None]


def test_a_group_that_is_withheld_is_not_drawn():
    *_, trace = report_plots.groups(CONTENT, "sex", "auc")["data"]
    assert trace["y"] == ["f"]
    assert report_plots.groups(CONTENT, "sex", "recall") is None
    assert report_plots.groups(CONTENT, "nothing", "auc") is None


def test_columns_of_another_version_stand_in_the_order_of_the_first():
    other = {"kpi": "auc", "columns": [{"column": "job", "mean": 1, "sd": 0}]}
    first, second = report_plots.importance({"a": CONTENT, "b": {"importance": other}})["data"]
    assert first["y"] == second["y"] == ["age"]
    assert second["x"] == [None]


def test_a_report_without_a_part_has_no_figure_of_it():
    empty = {"task": "regression", "curves": {}, "deciles": []}
    for make in (report_plots.roc, report_plots.precision_recall, report_plots.calibration):
        assert make({"v": empty}) is None
    for make in (
        report_plots.distribution,
        report_plots.coverage,
        report_plots.residuals,
        report_plots.scatter,
        report_plots.deciles,
    ):
        assert make(empty) is None


def test_a_number_as_target_has_its_own_figures():
    content = {
        "residuals": {"edges": [-1, 0, 1], "counts": {"prediction minus truth": [2, 3]}},
        "scatter": {"predicted": [1, 4], "actual": [2, 3]},
        "deciles": [{"decile": 1, "mae": {"value": 1.0, "low": 0.5, "high": 2.0}}],
    }
    assert report_plots.residuals(content)["data"][0]["x"] == [-0.5, 0.5]
    guide, dots = report_plots.scatter(content)["data"]
    assert guide["x"] == [1, 4]
    assert dots["y"] == [2, 3]
    assert report_plots.deciles(content)["data"][0]["error_y"]["array"] == [1.0]
