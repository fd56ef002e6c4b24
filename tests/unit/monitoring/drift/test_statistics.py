"""Each statistic gives what scipy gives, and p-values are as rare as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon
from scipy.stats.contingency import association

from crispml_core.monitoring.drift import statistics
from crispml_core.monitoring.drift.bins import fit_numbers
from crispml_core.monitoring.drift.reference import count_field

REFERENCE = np.array([120, 80, 40, 30, 30])
CURRENT = np.array([30, 50, 60, 35, 25])

many = st.lists(st.floats(-50, 50, width=16), min_size=5, max_size=120)


def test_psi_is_the_symmetric_relative_entropy():
    p, q = REFERENCE / REFERENCE.sum(), CURRENT / CURRENT.sum()
    expected = stats.entropy(p, q) + stats.entropy(q, p)
    assert statistics.psi(REFERENCE, CURRENT) == pytest.approx(expected)


def test_jensen_shannon_is_the_distance_of_scipy():
    expected = jensenshannon(REFERENCE, CURRENT, base=2)
    assert statistics.jensen_shannon(REFERENCE, CURRENT) == pytest.approx(expected)


def test_cramers_v_is_that_of_samples_of_one_size():
    table = np.array([REFERENCE * CURRENT.sum(), CURRENT * REFERENCE.sum()])
    expected = association(table, method="cramer")
    assert statistics.cramers_v(REFERENCE, CURRENT) == pytest.approx(expected)
    assert statistics.cramers_v(100 * REFERENCE, CURRENT) == pytest.approx(expected)


def test_homogeneity_is_the_chi_square_test_of_scipy():
    expected = stats.chi2_contingency([REFERENCE, CURRENT], correction=False).pvalue
    # Of categories the last cell is joined with the sparse ones, which are none.
    assert statistics.homogeneity(REFERENCE, CURRENT, ordered=False) == pytest.approx(expected)
    # Of bins that were cut from the reference, its counts vary less than the test assumes.
    assert statistics.homogeneity(REFERENCE, CURRENT, ordered=True) >= expected * (1 - 1e-9)


def test_sparse_cells_are_joined_to_their_neighbours_where_cells_have_an_order():
    sparse = np.array([100, 1, 2, 100, 1]), np.array([80, 2, 1, 120, 0])
    joined = np.array([100, 1 + 2 + 100 + 1]), np.array([80, 2 + 1 + 120 + 0])
    found = statistics.homogeneity(*sparse, ordered=True)
    assert found == statistics.homogeneity(*joined, ordered=True)


@pytest.mark.parametrize(("of", "of_now"), [(100, 1000), (500, 20_000), (1000, 200)])
def test_bins_that_were_cut_from_the_reference_alert_no_more_often_than_they_say(of, of_now):
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(600):
        before, now = rng.lognormal(size=of), rng.lognormal(size=of_now)
        cells = fit_numbers(before)
        counts = [count_field(cells, values)[1 : cells.cells - 2] for values in (before, now)]
        p_values.append(statistics.homogeneity(*counts, ordered=True))
    assert np.mean(np.array(p_values) < 0.05) < 0.065


def test_what_the_reference_does_not_have_is_tested_together_with_sparse_cells():
    reference, current = np.array([200, 150, 3, 0]), np.array([180, 160, 4, 30])
    expected = stats.chi2_contingency([[200, 150, 3], [180, 160, 34]], correction=False).pvalue
    assert statistics.homogeneity(reference, current, ordered=False) == pytest.approx(expected)


@pytest.mark.parametrize("current", [[0, 0], [1, 1], [3, 0]])
def test_nothing_to_compare_has_no_p_value(current):
    assert statistics.homogeneity(np.array([50, 50]), np.array(current), ordered=True) is None


def test_kolmogorov_smirnov_is_that_of_scipy_where_each_value_has_a_cell():
    rng = np.random.default_rng(0)
    before, now = rng.integers(0, 8, 300), rng.integers(1, 9, 200)
    counts = [np.bincount(values, minlength=9) for values in (before, now)]
    expected = stats.ks_2samp(before, now, method="asymp")
    found = statistics.kolmogorov_smirnov(*counts)
    assert found.effect == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)


@given(many, many, st.integers(1, 20))
def test_bins_hide_no_more_of_the_distance_than_their_mass(before, now, bins):
    cells = fit_numbers(before, bins=bins)
    counts = [count_field(cells, values)[: cells.cells - 1] for values in (before, now)]
    exact = stats.ks_2samp(before, now, method="asymp").statistic
    binned = statistics.kolmogorov_smirnov(*counts).effect
    assert binned <= exact + 1e-12
    assert exact <= binned + statistics.ks_error(*counts) + 1e-12


def test_rates_are_compared_by_the_z_test_and_exactly_where_they_are_small():
    table = [[40, 460], [70, 430]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert statistics.rate_change(40, 500, 70, 500).p_value == pytest.approx(expected)
    exact = stats.fisher_exact([[1, 499], [6, 494]]).pvalue
    assert statistics.rate_change(1, 500, 6, 500).p_value == pytest.approx(exact)
    assert statistics.rate_change(0, 500, 0, 500).p_value == 1.0


def test_the_mean_is_compared_by_the_test_of_welch():
    rng = np.random.default_rng(0)
    before, now = rng.normal(0, 1, 80), rng.normal(0.4, 2, 50)
    expected = stats.ttest_ind(before, now, equal_var=False).pvalue
    found = statistics.mean_shift(
        *((len(values), values.mean(), values.var(ddof=1)) for values in (before, now))
    )
    assert found.p_value == pytest.approx(expected)
    assert found.effect == pytest.approx(now.mean() - before.mean())


def test_values_beyond_the_range_of_the_reference_are_as_frequent_as_expected():
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(4000):
        before, now = rng.exponential(size=60), rng.exponential(size=500)
        outside = int(((now < before.min()) | (now > before.max())).sum())
        p_values.append(statistics.out_of_range(outside, 500, 60).p_value)
    assert 0.035 < np.mean(np.array(p_values) < 0.05) < 0.06


def test_values_that_the_reference_lacks_by_chance_are_no_surprise():
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, 121)
    shares /= shares.sum()
    p_values = []
    for _ in range(1500):
        before = np.bincount(rng.choice(120, 300, p=shares), minlength=120)
        now = np.bincount(rng.choice(120, 800, p=shares), minlength=120)
        hits = int(now[before == 0].sum())
        p_values.append(statistics.unseen(hits, 800, before[before > 0]).p_value)
    assert np.mean(np.array(p_values) < 0.05) <= 0.05


def test_a_new_value_is_a_surprise_where_every_value_was_frequent():
    assert statistics.unseen(20, 1000, np.array([400, 300])).p_value < 1e-3
