"""k-anonymity and l-diversity, held against the definitions written out by hand."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.monitoring.anonymity import class_diversity, distribution


def cells_of(classes: list[dict[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sizes = [len(one) for one in classes]
    starts = np.cumsum([0, *sizes[:-1]])
    counts = np.array([n for one in classes for n in one.values()])
    return starts, counts, np.array([value for one in classes for value in one])


def recursive_by_hand(counts: list[int], c: float) -> int:
    """Return the largest l with r_1 < c (r_l + … + r_m)."""
    ranked = sorted(counts, reverse=True)
    levels = range(1, len(ranked) + 1)
    return max((one for one in levels if ranked[0] < c * sum(ranked[one - 1 :])), default=0)


CLASSES = st.lists(
    st.dictionaries(st.integers(0, 5), st.integers(1, 50), min_size=1), min_size=1, max_size=8
).filter(lambda classes: any(0 in one for one in classes))


@given(CLASSES, st.sampled_from([0.5, 1.0, 2.0, 3.5]))
def test_each_class_has_the_diversity_of_the_definitions(
    classes: list[dict[int, int]], c: float
) -> None:
    found = class_diversity(*cells_of(classes), c)
    overall: Counter[int] = Counter()
    for one in classes:
        overall.update(one)
    everything = sum(overall.values())
    for place, one in enumerate(classes):
        rows = sum(one.values())
        shares = [n / rows for n in one.values()]
        apart = sum(abs(one.get(v, 0) / rows - n / everything) for v, n in overall.items()) / 2
        assert found.distinct[place] == len(one)
        assert found.entropy[place] == pytest.approx(
            math.exp(-sum(share * math.log(share) for share in shares))
        )
        assert found.recursive[place] == recursive_by_hand(list(one.values()), c)
        assert found.closeness[place] == pytest.approx(apart, abs=1e-12)


def test_the_example_of_the_literature() -> None:
    """Of the 3-diverse table of Machanavajjhala et al. (2007), figure 3: four rows per class."""
    classes = [{0: 1, 1: 2, 2: 1}, {0: 2, 1: 1, 2: 1}, {0: 1, 1: 1, 2: 2}]
    found = class_diversity(*cells_of(classes), 3.0)
    assert found.distinct.tolist() == [3, 3, 3]
    assert found.entropy == pytest.approx([2**1.5] * 3)  # 2.8 of 3: entropy is the stricter one
    assert found.recursive.tolist() == [3, 3, 3]


@given(st.lists(st.integers(1, 100_000), max_size=40))
def test_the_distribution_counts_every_class_once(rows: list[int]) -> None:
    found = distribution(np.array(rows, np.int64))
    assert sum(part.classes for part in found) == len(rows)
    assert sum(part.rows for part in found) == sum(rows)
    for part in found:
        inside = [n for n in rows if part.smallest <= n <= part.largest]
        assert (part.classes, part.rows) == (len(inside), sum(inside))
    assert list(found) == sorted(found, key=lambda part: part.smallest)
