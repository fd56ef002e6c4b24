"""The shapes that the tests of a block form; see `DeepCore`."""

from __future__ import annotations

from dataclasses import dataclass, field

TESTS = 7
"""Tests of a block."""


class NoTree(Exception):
    """The tests do not form a tree."""


@dataclass(slots=True)
class Shape:
    """The tests of a block as a tree over its exits.

    A branch is a number: that of a test, or seven plus that of an exit.

    Parameters
    ----------
    first : list of int
        Per test the first exit below it.

    Attributes
    ----------
    left, right : list of int
        The branches of each test.
    last : list of int
        Per test the last exit below it.
    root : int
        The test that is asked first.

    Raises
    ------
    NoTree
        If the exits of two tests overlap in part.
    """

    first: list[int]
    left: list[int] = field(default_factory=lambda: [0] * TESTS)
    right: list[int] = field(default_factory=lambda: [0] * TESTS)
    last: list[int] = field(default_factory=lambda: [0] * TESTS)
    root: int = field(init=False)

    def __post_init__(self) -> None:
        self.root = self._grow(0, TESTS)

    def _grow(self, low: int, high: int) -> int:
        """Return the branch that holds the exits from `low` to `high`."""
        if low == high:
            return TESTS + low
        # Among the tests that begin with an exit, the rightmost has the largest left branch.
        test = max((test for test in range(low, high) if self.first[test] == low), default=None)
        if test is None:
            raise NoTree
        self.last[test] = high
        self.left[test], self.right[test] = self._grow(low, test), self._grow(test + 1, high)
        return test
