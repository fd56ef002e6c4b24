import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.monitoring.ordering import by_content


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 40)), max_size=60))
def test_the_order_is_that_of_lexsort_ties_included(rows):
    keys = [np.array([row[place] for row in rows]) for place in range(3)]
    assert by_content(keys).tolist() == np.lexsort(keys).tolist()


@pytest.mark.parametrize("distinct", [2, 50_000])
def test_many_records_and_one_key(distinct):
    values = np.random.default_rng(0).integers(0, distinct, 30_000) / distinct
    assert by_content((values,)).tolist() == np.argsort(values, kind="stable").tolist()
