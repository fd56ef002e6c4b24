"""The truth becomes codes, and probabilities become decisions."""

import numpy as np
import pandas as pd
import pytest

from crispml_core.domain.targets import Target
from crispml_core.tables.truth import decide, encode_truth

BINARY = Target("y", "binary", values=("yes", "no"), positive="yes")
MULTI = Target("y", "multiclass", values=("a", "b", "c"))


def test_the_positive_class_is_code_one():
    codes = encode_truth(BINARY, pd.Series(["yes", "no"], dtype="str"))
    assert (codes.tolist(), codes.dtype) == ([1, 0], np.int64)
    assert encode_truth(MULTI, pd.Series(["c", "a"])).tolist() == [2, 0]


def test_numbers_stay_numbers():
    truth = encode_truth(Target("y", "regression"), pd.Series([1, 2]))
    assert (truth.tolist(), truth.dtype) == ([1.0, 2.0], np.float64)


@pytest.mark.parametrize(("threshold", "decided"), [(0.5, ["no", "yes"]), (0.51, ["no", "no"])])
def test_the_positive_class_is_decided_from_the_threshold_on(threshold, decided):
    probabilities = np.array([[0.6, 0.4], [0.5, 0.5]])
    assert decide(BINARY, probabilities, threshold).tolist() == decided


def test_the_first_of_equally_probable_classes_is_decided():
    assert decide(MULTI, np.array([[0.2, 0.4, 0.4], [0.1, 0.1, 0.8]]), None).tolist() == ["b", "c"]
