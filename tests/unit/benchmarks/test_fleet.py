from __future__ import annotations

import numpy as np
import pytest

from benchmarks.harness.batch import summarize
from benchmarks.harness.fleet import Disagrees, check, interleave
from benchmarks.harness.ledger import ScoresLost


def test_servers_take_turns_within_each_round() -> None:
    order: list[str] = []
    turns = {name: lambda name=name: order.append(name) for name in "abc"}
    interleave(turns, 2, lambda name, error: None)
    assert "".join(order) == "abcabc"


def test_a_server_that_fails_is_named_and_has_no_further_turn() -> None:
    calls, noted = [], []

    def fail() -> int:
        calls.append("b")
        raise OSError("connection refused")

    found = interleave(
        {"a": lambda: 1, "b": fail}, 3, lambda name, error: noted.append((name, str(error)))
    )
    assert found == {"a": [1, 1, 1]}
    assert calls == ["b"]
    assert noted == [("b", "connection refused")]


def test_a_lost_score_ends_the_run() -> None:
    def lose() -> None:
        raise ScoresLost("one row")

    with pytest.raises(ScoresLost):
        interleave({"ours": lose}, 1, lambda name, error: None)


def test_rows_per_second_come_from_the_median_round() -> None:
    assert summarize([[0.5, 0.4, 9.0], [2.0], [0.1]], 1000) == {
        "rows_per_s": 2000,
        "seconds": [0.5, 2.0, 0.1],
    }


@pytest.mark.parametrize(
    "found", [[0.1, 0.9], [0.9, 0.1, 0.5], [float("nan"), 0.9, 0.5], [0.9, 0.1, 0.2]]
)
def test_a_server_with_other_probabilities_is_not_measured(found: list[float]) -> None:
    with pytest.raises(Disagrees):
        check(np.array(found), np.array([0.1, 0.9, 0.5]))


def test_the_last_digits_of_a_solver_do_not_matter() -> None:
    check(np.array([0.1004, 0.9]), np.array([0.1, 0.9003]))
