"""Finds record keys that occur twice, among millions, in 8 bytes per key."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.tables.findings import Findings

# Among so many pairs of equal 64-bit hashes some are equal keys, beyond any doubt.
_SURELY = 1000


class KeyRegister:
    """Remembers a 64-bit hash per key, in row order, and reports the keys that repeat.

    An integer key is its own hash. Two texts of the same hash are told apart by a second look at
    the keys.
    """

    def __init__(self) -> None:
        self._hashes: list[np.ndarray] = []

    def add(self, keys: pa.Array) -> None:
        """Note the keys of the next rows; missing ones repeat nothing."""
        self._hashes.append(self._hash(keys))

    def report(
        self,
        findings: Findings,
        field: str,
        again: Callable[[], Iterable[pa.Array]] | None = None,
    ) -> None:
        """Add a finding per row whose key an earlier row has.

        Parameters
        ----------
        findings : Findings
            Where the rows are noted.
        field : str
            Name of the record key.
        again : callable, optional
            Gives all keys once more; called only when hashes repeat.
        """
        hashes = np.concatenate(self._hashes) if self._hashes else np.empty(0, np.uint64)
        self._hashes.clear()
        ordered = np.sort(hashes)
        twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        del ordered
        if again is not None and 0 < len(twice) <= _SURELY:
            twice = np.setdiff1d(twice, self._collisions(twice, again()))
        if not len(twice):
            return
        rows = np.flatnonzero(np.isin(hashes, twice))
        _, first = np.unique(hashes[rows], return_index=True)
        repeated = np.delete(rows, first)
        findings.add_rows(
            "duplicate",
            f"field {field} repeats the record key of an earlier row; a key must occur once",
            field,
            repeated,
        )

    def _collisions(self, twice: np.ndarray, batches: Iterable[pa.Array]) -> list[int]:
        """Return the hashes that stand for several keys, none of which repeats."""
        counts: defaultdict[int, Counter[object]] = defaultdict(Counter)
        for keys in batches:
            hashes = self._hash(keys)
            rows = np.flatnonzero(np.isin(hashes, twice))
            found = keys.take(pa.array(rows)).to_pylist()
            for value, key in zip(hashes[rows].tolist(), found, strict=True):
                counts[value][key] += 1
        return [
            value for value, keys in counts.items() if len(keys) > 1 and max(keys.values()) == 1
        ]

    def _hash(self, keys: pa.Array) -> np.ndarray:
        hashes: np.ndarray
        known = keys.is_valid().to_numpy(zero_copy_only=False)
        if pa.types.is_integer(keys.type):
            hashes = pc.fill_null(keys, 0).to_numpy(zero_copy_only=False).view(np.uint64)
        else:
            hashes = self._hash_text(pc.fill_null(keys, "").to_numpy(zero_copy_only=False))
        if known.all():
            return hashes
        # A missing key is a finding of its own, so the table is refused whatever is said here.
        random = np.random.default_rng().integers(2**63, size=len(keys), dtype=np.uint64)
        return np.where(known, hashes, random)

    @staticmethod
    def _hash_text(texts: np.ndarray) -> np.ndarray:
        hashes: np.ndarray = np.asarray(pd.util.hash_array(texts, categorize=False))
        return hashes
