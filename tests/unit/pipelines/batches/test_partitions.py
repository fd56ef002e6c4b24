"""A batch is taken apart into rows of chunks."""

import pickle
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.batches import MAX_CHUNK_ROWS
from crispml_core.pipelines.batches.partitions import Partition, partition_chunks, spans


@given(st.sets(st.integers(0, 60)), st.none() | st.integers(1, 9))
def test_spans_have_every_number_once_and_are_as_long_as_they_may_be(numbers, most):
    found = list(spans(sorted(numbers), most))
    every = [number for first, length in found for number in range(first, first + length)]
    assert every == sorted(numbers)
    assert most is None or all(length <= most for _, length in found)
    for (first, length), (following, _) in pairwise(found):
        assert following > first + length or length == most


@pytest.mark.parametrize(
    ("rows", "chunk_rows", "expected"),
    [
        (100, 40, 1),
        (10_000_000, 65_536, 16),
        (1_000_000_000, 65_536, 16),
        (10, 1, 1),
        (8000, 1, 512),
    ],
)
def test_a_partition_is_a_fair_share_until_it_has_a_million_rows(rows, chunk_rows, expected):
    assert partition_chunks(rows, chunk_rows) == expected


def test_the_largest_chunk_is_a_partition_by_itself():
    assert partition_chunks(10**9, MAX_CHUNK_ROWS) == 1


def test_what_is_told_of_a_partition_is_small():
    sent = Partition(run_id="r" * 36, owner="o" * 60, source=((1, 2),), first=0, chunks=9)
    assert len(pickle.dumps(sent)) < 500
