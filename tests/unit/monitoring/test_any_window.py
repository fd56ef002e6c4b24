"""Whatever a window holds, its statistics are JSON values without NaN, and no row order matters."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core import Fairness
from crispml_core.monitoring.estimation import estimate
from crispml_core.monitoring.fairness import fairness
from crispml_core.monitoring.label_pattern import labels_at_random
from crispml_core.monitoring.reweighting import reweighted
from crispml_core.monitoring.track_record import track_record
from crispml_core.tables.groupings import Grouping

CLASSES = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}


def statistics(task, rows):
    """Everything that the report asks for, of rows of (score, decision, truth, group, slice)."""
    score, decision, truth, group, part, chance = np.array(rows, dtype=float).reshape(-1, 6).T
    labelled = truth >= 0
    decision = decision.astype(int)
    if task == "multiclass":
        prediction = np.column_stack((score, (1 - score) * chance, (1 - score) * (1 - chance)))
    else:
        prediction = score
    if task == "binary":
        decision, truth = np.minimum(decision, 1), np.minimum(truth, 1)
    decided = None if task == "regression" else decision
    segments = {"s": Grouping(("x", "y", "z"), group.astype(int))}
    classes = CLASSES[task]
    fair = Fairness(segment="s", favourable=classes[1] if classes else None)
    data = (task, prediction, decided, truth, labelled)
    return {
        "estimate": estimate(*data),
        "track": track_record(
            task,
            prediction[labelled],
            None if decided is None else decided[labelled],
            truth[labelled],
            part[labelled].astype(int),
        ),
        "logged": reweighted(*data, segments, propensity=chance, classes=classes),
        "estimated": reweighted(*data, segments, classes=classes),
        "fairness": fairness([fair], *data, segments, classes=classes, min_group=3),
        "pattern": labels_at_random(score, labelled),
    }


def rows(least, most):
    return st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.25, 0.5, 1.0]),
            st.integers(0, 2),
            st.integers(-1, 2),
            st.integers(0, 2),
            st.integers(0, 4),
            st.sampled_from([0.05, 0.5, 1.0]),
        ),
        min_size=least,
        max_size=most,
    )


@pytest.mark.parametrize("task", CLASSES)
@given(rows=rows(0, 40))
def test_few_rows(task, rows):
    json.dumps(statistics(task, rows), allow_nan=False)


@pytest.mark.parametrize("task", CLASSES)
@given(rows=rows(1, 12), times=st.integers(20, 40), seed=st.integers(0, 100))
def test_many_equal_rows_in_any_order(task, rows, times, seed):
    many = rows * times
    mixed = [many[place] for place in np.random.default_rng(seed).permutation(len(many))]
    found = statistics(task, many)
    assert json.dumps(found, allow_nan=False) == json.dumps(statistics(task, mixed))
