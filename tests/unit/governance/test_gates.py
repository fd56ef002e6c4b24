import math

import pytest

from crispml_core.domain.targets import Gate
from crispml_core.governance.gates import all_passed, check_gates


def check(gate, **kpis):
    (result,) = check_gates([gate], kpis)
    return result


@pytest.mark.parametrize(
    ("value", "passed"), [(0.69, False), (0.7, True), (0.8, True), (0.9, True), (0.91, False)]
)
def test_bounds_are_inclusive(value, passed):
    result = check(Gate("auc", minimum=0.7, maximum=0.9), auc=value)
    assert result.passed is passed
    assert bool(result.reason) is not passed


def test_the_reason_says_which_bound_was_missed():
    assert "minimum" in check(Gate("auc", minimum=0.7), auc=0.1).reason
    assert "maximum" in check(Gate("mae", maximum=2.0), mae=3.0).reason


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_kpi_without_value_does_not_pass(value):
    result = check(Gate("auc", minimum=0.0), auc=value)
    assert (result.passed, result.value) == (False, None)
    assert "no value" in result.reason


def test_an_unknown_kpi_does_not_pass_and_says_what_is_known():
    result = check(Gate("acu", minimum=0.0), auc=0.9, brier=0.1)
    assert not result.passed
    assert "did you mean 'auc'" in result.reason
    assert "auc, brier" in result.reason


def test_results_come_in_the_order_of_the_gates():
    gates = [Gate("brier", maximum=0.2), Gate("auc", minimum=0.7)]
    results = check_gates(gates, {"auc": 0.8, "brier": 0.3})
    assert [(result.kpi, result.passed) for result in results] == [("brier", False), ("auc", True)]
    assert not all_passed(results)


def test_without_gates_every_version_passes():
    assert all_passed(check_gates([], {"auc": 0.1}))


def test_a_report_shows_the_bound_as_text():
    shown = check(Gate("auc", minimum=0.7, maximum=0.9), auc=0.8).to_dict()
    assert shown["bound"] == ">= 0.7 and <= 0.9"
    assert (shown["kpi"], shown["value"], shown["passed"]) == ("auc", 0.8, True)
