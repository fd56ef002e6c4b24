"""k-anonymity and l-diversity of equivalence classes that were counted.

A *cell* is a class together with one value of a sensitive column, with the number of its rows. The
cells of a class lie side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crispml_core.domain.dataset_privacy import ClassSizes, DiversityKind


@dataclass(frozen=True, slots=True)
class ClassDiversity:
    """How diverse a sensitive column is, class by class.

    Parameters
    ----------
    distinct : numpy.ndarray of int64, shape (classes,)
        Different values.
    entropy : numpy.ndarray of float64, shape (classes,)
        Exponential of the Shannon entropy.
    recursive : numpy.ndarray of int64, shape (classes,)
        Largest l of the recursive (c, l)-diversity.
    closeness : numpy.ndarray of float64, shape (classes,)
        Distance from the shares in all rows.
    """

    distinct: np.ndarray
    entropy: np.ndarray
    recursive: np.ndarray
    closeness: np.ndarray

    def of_kind(self, kind: DiversityKind) -> np.ndarray:
        """Return the l of each class, counted as `kind`."""
        found: np.ndarray = getattr(self, kind)
        return found


def class_diversity(
    starts: np.ndarray, counts: np.ndarray, values: np.ndarray, c: float
) -> ClassDiversity:
    r"""Return the diversity of each class.

    Parameters
    ----------
    starts : numpy.ndarray of int64, shape (classes,)
        Where the cells of each class begin, ascending, the first at 0; no class is empty.
    counts : numpy.ndarray of int64, shape (cells,)
        Rows of each cell.
    values : numpy.ndarray of int64, shape (cells,)
        Code of the sensitive value of each cell, from 0; different within a class.
    c : float
        Of the recursive diversity.

    Notes
    -----
    With the counts :math:`r_1 \ge r_2 \ge \dots \ge r_m` of a class, entropy l-diversity is
    :math:`-\sum p_i \log p_i \ge \log l` and recursive (c, l)-diversity is
    :math:`r_1 < c (r_l + \dots + r_m)` (Machanavajjhala et al., 2007, definitions 4.1 and 4.2).
    """
    rows = np.add.reduceat(counts, starts)
    distinct = np.diff(np.append(starts, len(counts)))
    owner = np.repeat(np.arange(len(starts)), distinct)
    shares = counts / rows[owner]
    entropy = np.exp(-np.add.reduceat(shares * np.log(shares), starts))
    # From the most frequent value of each class on: what is left from each of them.
    ranked = counts[np.lexsort((-counts, owner))]
    before = np.cumsum(ranked) - ranked
    tails = rows[owner] - (before - before[starts][owner])
    holds = ranked[starts][owner] < c * tails
    overall = np.bincount(values, weights=counts) / counts.sum()
    there = overall[values]
    apart = np.add.reduceat(np.abs(shares - there), starts) + 1 - np.add.reduceat(there, starts)
    return ClassDiversity(
        distinct=distinct,
        entropy=entropy,
        recursive=np.add.reduceat(holds.astype(np.int64), starts),
        closeness=np.clip(apart / 2, 0.0, 1.0),
    )


def distribution(rows: np.ndarray) -> tuple[ClassSizes, ...]:
    """Return how many classes there are of each size: 1 to 5 one by one, then ever wider.

    Parameters
    ----------
    rows : numpy.ndarray of int64, shape (classes,)
        Rows of each class.
    """
    if not len(rows):
        return ()
    found = []
    for smallest, largest in _ranges(int(rows.max())):
        inside = rows[(rows >= smallest) & (rows <= largest)]
        if len(inside):
            sizes = ClassSizes(
                smallest=smallest, largest=largest, classes=len(inside), rows=int(inside.sum())
            )
            found.append(sizes)
    return tuple(found)


def _ranges(largest: int) -> Iterator[tuple[int, int]]:
    """Yield 1, 2, 3, 4, 5 to 9, 10 to 19, 20 to 49, 50 to 99, 100 to 199 and so on."""
    yield from ((size, size) for size in range(1, 5))
    start, factors = 5, (2.0, 2.0, 2.5)
    step = 0
    while start <= largest:
        end = int(start * factors[step % 3])
        yield start, end - 1
        start, step = end, step + 1
