import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.monitoring.suppression import suppressed


def hidden(counts, min_group=30):
    return suppressed(np.array(counts), min_group).tolist()


def test_large_groups_are_all_shown():
    assert hidden([30, 31, 500]) == [False, False, False]


def test_two_small_groups_that_are_few_together_hide_a_third():
    assert hidden([500, 5, 6, 90]) == [False, True, True, True]


def test_nobody_hides_in_an_empty_group():
    assert hidden([0, 3, 100, 90]) == [False, True, False, True]


def test_no_groups_hide_nothing():
    assert hidden([]) == []


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(1, 40))
def test_what_is_hidden_is_no_single_group_and_enough_records(counts, min_group):
    found = suppressed(np.array(counts, dtype=int), min_group)
    records = np.array(counts, dtype=int)
    assert not ((records < min_group) & (records > 0) & ~found).any()
    if found.any() and not found[records > 0].all():
        assert found.sum() >= 2
        assert records[found].sum() >= min_group
