"""The nodes of large trees, cut into pieces that hang together.

The nodes with the most training rows are taken first: the more of a record's way lies in one
piece, the fewer pieces it passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crispml_core.adapters.compilers.nodes import Nodes

TESTS = 7
"""Nodes of a block: with them and its exits it fills one line of a cache, 64 bytes."""

NONE = -1


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks in an order in which a branch leads to a later one.

    Parameters
    ----------
    tests : ndarray of shape (n_blocks, 7)
        The nodes of each block from left to right, `NONE` behind the last.
    first_exit : ndarray of shape (n_blocks, 7)
        Per test the first exit below its left branch.
    exits : ndarray of shape (n_blocks, 8)
        The nodes that a block leads to from left to right, `NONE` behind the last.
    """

    tests: np.ndarray
    first_exit: np.ndarray
    exits: np.ndarray


def top_nodes(nodes: Nodes, most_exits: int) -> np.ndarray:
    """Return which inner nodes are taken when each tree may have so many leaves."""
    taken = np.zeros(len(nodes.feature), dtype=bool)
    exits = np.full((len(nodes.roots), most_exits), NONE, dtype=np.int64)
    exits[:, 0] = nodes.roots
    for end in range(1, most_exits):
        rows, places = _heaviest(nodes, exits)
        chosen = exits[rows, places]
        taken[chosen] = True
        exits[rows, places], exits[rows, end] = nodes.left[chosen], nodes.right[chosen]
    return taken


def blocks_from(nodes: Nodes, entries: np.ndarray) -> Blocks:
    """Cut everything below some inner nodes into blocks; the first ones begin with the entries."""
    levels = []
    while len(entries):
        levels.append(_grow(nodes, entries))
        exits = levels[-1].exits
        reached = exits[exits != NONE]
        entries = reached[~nodes.is_leaf[reached]]
    if not levels:
        return Blocks(*(np.zeros((0, TESTS + extra), dtype=np.int64) for extra in (0, 0, 1)))
    return Blocks(
        *(
            np.concatenate([getattr(level, name) for level in levels])
            for name in ("tests", "first_exit", "exits")
        )
    )


def _grow(nodes: Nodes, entries: np.ndarray) -> Blocks:
    """Grow a block from each entry."""
    places = np.arange(TESTS + 1)
    exits = np.full((len(entries), TESTS + 1), NONE, dtype=np.int64)
    exits[:, 0] = entries
    tests = np.full((len(entries), TESTS), NONE, dtype=np.int64)
    # A test that is not there stands to the right of all others and takes its own exit away.
    first = np.tile(places[:-1], (len(entries), 1))
    for _ in range(TESTS):
        rows, chosen = _heaviest(nodes, exits)
        node = exits[rows, chosen]
        # The exit becomes a test with an exit on either side; what is right of it moves on.
        before = np.where(places > chosen[:, None], places - 1, places)
        exits[rows] = np.take_along_axis(exits[rows], before, axis=1)
        exits[rows, chosen], exits[rows, chosen + 1] = nodes.left[node], nodes.right[node]
        tests[rows] = np.take_along_axis(tests[rows], before[:, :-1], axis=1)
        tests[rows, chosen] = node
        moved = np.take_along_axis(first[rows], before[:, :-1], axis=1)
        first[rows] = moved + (moved > chosen[:, None])
        first[rows, chosen] = chosen
    is_test = tests != NONE
    return Blocks(tests, np.where(is_test, first, places[:-1]), exits)


def _heaviest(nodes: Nodes, exits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, by row that leads to an inner node, the place of that with the most rows."""
    inner = (exits != NONE) & ~nodes.is_leaf[exits]
    weight = np.where(inner, nodes.cover[exits], -1.0)
    place = weight.argmax(axis=1)
    rows = np.flatnonzero(inner.any(axis=1))
    return rows, place[rows]
