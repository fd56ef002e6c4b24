"""In the same worlds the KPI that one would compute without thinking is wrong."""

import numpy as np
import pytest

from benchmarks.simulation.missing import (
    DAYS,
    EXPLORED,
    ROWS,
    corrected,
    is_recovered,
    kpi_of_all,
)
from benchmarks.simulation.world import Planted, accepted, explored, labelled_by, month
from crispml_core.monitoring.binary import auc_with_interval
from crispml_core.monitoring.confusion import confusion_matrix
from crispml_core.monitoring.estimation import estimate

pytestmark = pytest.mark.proof

SEEDS = range(1, 21)


def naive_auc(cases, labelled):
    return auc_with_interval(cases.y[labelled], cases.p[labelled])


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_of_accepted_cases_alone_understate_the_auc_and_the_bounds_hold_the_truth(seed):
    cases = month(seed, ROWS)
    labelled = accepted(cases)
    truth = kpi_of_all(cases, "auc")
    assert naive_auc(cases, labelled)["high"] < truth - 0.03
    found = corrected(cases, labelled)
    assert found["kpis"] is None
    for name in ("auc", "accuracy", "recall"):
        bounds = found["bounds"][name]
        assert bounds["low"] <= kpi_of_all(cases, name) <= bounds["high"]


def test_the_recall_of_accepted_cases_is_nothing_and_logged_propensities_give_it_back():
    cases = month(1, ROWS)
    labelled = accepted(cases)
    hits = confusion_matrix(cases.y[labelled], cases.decision[labelled])
    assert hits[1, 1] == 0  # who was refused is never seen
    assert kpi_of_all(cases, "recall") > 0.5
    # Two intervals of 95 % each: both hold the truth in nine of ten worlds or more.
    assert sum(map(is_recovered, range(1, 101))) >= 85


@pytest.mark.parametrize("seed", SEEDS)
def test_events_that_show_first_make_a_young_month_look_worse_than_it_is(seed):
    cases = month(seed, ROWS)
    labelled = labelled_by(cases, seed, DAYS)
    assert cases.y[labelled].mean() == 1.0  # so far, every case with a label is an event
    assert cases.y.mean() < 0.45
    # Probabilities that mean what they say know better than the labels that happened to come.
    expected = estimate("binary", cases.p, cases.decision, cases.y, np.zeros(ROWS, dtype=bool))[
        "all"
    ]["kpis"]
    for name in ("auc", "accuracy", "recall"):
        assert abs(expected[name]["value"] - kpi_of_all(cases, name)) < 0.03


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lot_of_a_tenth_is_enough_to_know_the_auc(seed):
    cases = month(seed, ROWS)
    labelled, propensity = explored(cases, seed, EXPLORED)
    truth = kpi_of_all(cases, "auc")
    weighted = corrected(cases, labelled, propensity)["kpis"]["auc"]["value"]
    assert abs(weighted - truth) < abs(naive_auc(cases, labelled)["value"] - truth)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_relation_that_changed_is_seen_by_labels_alone(seed):
    changed = month(seed, ROWS, Planted(relation=0.8))
    before = kpi_of_all(month(seed, ROWS), "auc")
    nobody = np.zeros(ROWS, dtype=bool)
    expected = estimate("binary", changed.p, changed.decision, changed.y, nobody)["all"]["kpis"]
    assert abs(expected["auc"]["value"] - before) < 0.03  # the estimate says that all is well
    assert kpi_of_all(changed, "auc") < before - 0.1
