"""Links of many outputs equal those of one to the last bit."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.serving.compiled.links import logistic, logistics

OUTPUTS = st.one_of(
    st.floats(), st.floats(-40, 40), st.sampled_from([0.0, -0.0, 745.2, -745.2, 1e308, -1e308])
)


@given(st.lists(OUTPUTS, max_size=20))
def test_the_logistics_of_many_outputs_are_those_of_each(outputs):
    found = logistics(np.array(outputs, dtype=np.float64)).tolist()
    for number, output in zip(found, outputs, strict=True):
        assert number == logistic(output) or (math.isnan(number) and math.isnan(output))
