import numpy as np
import pandas as pd
import pytest

from crispml_core.monitoring.importance import (
    MAX_ROWS,
    REPEATS,
    drawn_rows,
    permutation_importance,
)


def frame(n=400):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "noise": rng.normal(size=n),
            "signal": rng.normal(size=n),
            "kind": pd.Series(rng.choice(["x", "y"], n), dtype="str"),
        }
    )


def by_signal(X):
    p = 1 / (1 + np.exp(-X["signal"].to_numpy() - (X["kind"] == "x").to_numpy()))
    return np.column_stack([1 - p, p])


def test_the_column_that_decides_comes_first_and_an_unread_one_loses_nothing():
    X = frame()
    y = (by_signal(X)[:, 1] > 0.5).astype(int)
    found = permutation_importance(by_signal, X, y, "binary")
    means = {row["column"]: row["mean"] for row in found["columns"]}
    assert list(means) == ["signal", "kind", "noise"]
    assert means["signal"] > means["kind"] > means["noise"] == 0.0
    assert (found["kpi"], found["repeats"]) == ("auc", REPEATS)


@pytest.mark.parametrize(
    ("task", "predict", "kpi"),
    [
        ("multiclass", by_signal, "log_loss"),
        ("regression", lambda X: by_signal(X)[:, 1], "mae"),
    ],
)
def test_other_tasks_lose_in_their_own_kpi(task, predict, kpi):
    X = frame()
    y = by_signal(X).argmax(axis=1) if task == "multiclass" else by_signal(X)[:, 1]
    found = permutation_importance(predict, X, y, task)
    assert found["kpi"] == kpi
    assert found["columns"][0]["column"] == "signal"
    assert found["columns"][0]["mean"] > 0


def test_the_same_seed_gives_the_same_numbers_and_the_frame_stays_as_it_was():
    X = frame()
    before = X.copy()
    y = (X["signal"] > 0).to_numpy().astype(int)
    first = permutation_importance(by_signal, X, y, "binary", seed=4)
    assert first == permutation_importance(by_signal, X, y, "binary", seed=4)
    assert first != permutation_importance(by_signal, X, y, "binary", seed=5)
    pd.testing.assert_frame_equal(X, before)


def test_the_model_sees_the_column_types_it_was_fitted_on():
    X, seen = frame(), []

    def predict(rows):
        seen.append(rows.dtypes.to_dict())
        return by_signal(rows)

    permutation_importance(predict, X, (X["signal"] > 0).to_numpy().astype(int), "binary")
    assert all(types == X.dtypes.to_dict() for types in seen)


def test_only_so_many_rows_are_asked():
    X = frame(MAX_ROWS + 500)
    rows = drawn_rows(len(X), seed=3)
    assert list(rows) == sorted(set(rows))
    y = (X["signal"] > 0).to_numpy().astype(int)
    found = permutation_importance(by_signal, X.iloc[rows], y, "binary", seed=3)
    assert found["rows"] == len(rows) == MAX_ROWS
    assert list(drawn_rows(5)) == [0, 1, 2, 3, 4]


def test_one_class_has_no_importance():
    X = frame(30)
    assert permutation_importance(by_signal, X, np.ones(30, dtype=int), "binary")["columns"] == []
