"""Consecutive chunks of a batch, as they are told to whoever checks and scores them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from crispml_core.domain.batches import BatchPart, Stamp
from crispml_core.tables.findings import Findings

# A reader comes to a row only through those before it in the same row group, of which libraries
# make one for about a million rows. So a partition of that size reads little that is not its own.
_MOST_ROWS = 1 << 20
# Enough that workers end at about the same time.
_WANTED = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A part of one run; nothing of it is a secret, and no record is in it.

    Parameters
    ----------
    run_id, owner : str
        The run, and who held it when the partition was made: it is scored for nobody else.
    source : tuple of tuple of int
        What the files of the source look like; another file is not read.
    first, chunks : int
        The number of the first chunk, and how many there are.
    """

    run_id: str
    owner: str
    source: tuple[Stamp, ...]
    first: int
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTasks:
    """What a worker elsewhere does with a partition; both are functions of a module."""

    check: Callable[[Partition], Findings]
    score: Callable[[Partition], list[BatchPart]]


def spans(numbers: Iterable[int], most: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield first and length of each row of consecutive numbers.

    Parameters
    ----------
    numbers : iterable of int
        Rising.
    most : int, optional
        The greatest length.
    """
    first = length = 0
    for number in numbers:
        if length and (number != first + length or length == most):
            yield first, length
            length = 0
        if not length:
            first = number
        length += 1
    if length:
        yield first, length


def partition_chunks(rows: int, chunk_rows: int) -> int:
    """Return how many chunks of a batch a partition has at most.

    A power of two, because the usual chunk and the usual row group are: then partitions begin where
    row groups do, or at an even share of them.
    """
    fair = -(-rows // (chunk_rows * _WANTED))
    return max(1, min(1 << (fair - 1).bit_length(), _MOST_ROWS // chunk_rows))
