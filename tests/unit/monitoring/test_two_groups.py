import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2_contingency, fisher_exact, ttest_ind

from crispml_core.monitoring.two_groups import (
    Moments,
    Rate,
    difference,
    mean_difference,
    rates_p_value,
    ratio,
)


def test_newcombe_by_hand():
    # Newcombe 1998, table II, method 10: 56 of 70 against 48 of 80.
    found = difference(Rate(56, 70), Rate(48, 80))
    assert found["value"] == pytest.approx(0.2)
    assert (found["low"], found["high"]) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
def test_intervals_hold_their_value_and_turn_around_with_the_groups(a, n, b, m):
    one, other = Rate(min(a, n), n), Rate(min(b, m), m)
    there, back = difference(one, other), difference(other, one)
    assert -1 <= there["low"] <= there["value"] <= there["high"] <= 1
    assert (there["low"], there["high"]) == pytest.approx((-back["high"], -back["low"]))
    quotient = ratio(one, other)
    if quotient["value"] is not None:
        assert 0 <= quotient["low"] <= quotient["value"] <= quotient["high"]


@pytest.mark.parametrize(("a", "n", "b", "m"), [(30, 100, 45, 90), (500, 1000, 520, 1000)])
def test_rates_are_compared_by_the_chi_square_test(a, n, b, m):
    expected = chi2_contingency([[a, n - a], [b, m - b]], correction=False).pvalue
    assert rates_p_value(Rate(a, n), Rate(b, m)) == pytest.approx(expected)


def test_few_records_are_compared_exactly():
    expected = fisher_exact([[1, 9], [5, 5]]).pvalue
    assert rates_p_value(Rate(1, 10), Rate(5, 10)) == pytest.approx(expected)


def test_means_are_compared_by_welch():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=30), rng.normal(1, 3, 50)
    expected = ttest_ind(a, b, equal_var=False)
    found, p_value = mean_difference(Moments.of(a), Moments.of(b), scale=2.0)
    bounds = expected.confidence_interval()
    assert p_value == pytest.approx(expected.pvalue)
    assert found["value"] == pytest.approx((a.mean() - b.mean()) / 2)
    assert (found["low"], found["high"]) == pytest.approx((bounds.low / 2, bounds.high / 2))


def test_what_cannot_be_compared_is_none():
    nothing, none_chosen = Rate(0, 0), Rate(0, 20)
    assert difference(nothing, none_chosen)["value"] is None
    assert ratio(Rate(3, 9), none_chosen)["value"] is None
    assert rates_p_value(nothing, none_chosen) is None
    assert rates_p_value(none_chosen, none_chosen) == 1.0
    one = Moments.of(np.array([1.0]))
    assert mean_difference(one, one) == ({"value": None, "low": None, "high": None}, None)
    assert Moments.of(np.empty(0)).interval["value"] is None


@pytest.mark.parametrize("compare", [difference, ratio])
def test_intervals_hold_the_truth_about_as_often_as_they_say(compare):
    runs, rates = 1000, (0.3, 0.5)
    truth = rates[0] - rates[1] if compare is difference else rates[0] / rates[1]
    rng = np.random.default_rng(0)
    inside = 0
    draws = np.column_stack(
        [rng.binomial(n, rate, runs) for n, rate in zip((80, 60), rates, strict=True)]
    )
    for one, other in draws.tolist():
        found = compare(Rate(one, 80), Rate(other, 60))
        inside += found["low"] <= truth <= found["high"]
    low, high = binom.ppf([0.001, 0.999], runs, [0.94, 0.96])
    assert low <= inside <= high
