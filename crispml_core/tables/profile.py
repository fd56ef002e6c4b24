"""What a table holds, column by column, in bounded memory and without anybody's personal text."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.tables.schema import is_category, is_shown


class Profile:
    """Profiles a table batch by batch.

    The most frequent values are shown for categories and truth values only: the values of a free
    text may be personal. Of a column with a privacy policy no value is shown. Which text is a
    category, and what is private, is read from the batch's schema, see
    `crispml_core.tables.schema.arrow_field`.

    Parameters
    ----------
    distinct_cap : int
        Distinct values are counted exactly up to this number.
    top : int
        How many of the most frequent values are shown.
    """

    def __init__(self, *, distinct_cap: int = 10_000, top: int = 10) -> None:
        self._cap, self._top = distinct_cap, top
        self._columns: dict[str, _ColumnProfile] = {}

    def update(self, batch: pa.RecordBatch) -> None:
        """Take in the next rows."""
        for field, values in zip(batch.schema, batch.columns, strict=True):
            if field.name not in self._columns:
                self._columns[field.name] = _ColumnProfile(field, self._cap, self._top)
            self._columns[field.name].update(values)

    def result(self) -> dict[str, dict[str, Any]]:
        """Return the profile by column, ready for JSON.

        Returns
        -------
        dict
            Per column ``type, missing, distinct`` and ``distinct_is_exact`` (False: there are more
            than `distinct`); unless it is private, for numbers ``minimum, maximum, mean``; for
            dates and moments ``minimum, maximum`` as text; for categories and truth values ``top``,
            a list of ``{"value", "count"}``.
        """
        return {name: column.result() for name, column in self._columns.items()}


class _ColumnProfile:
    def __init__(self, field: pa.Field, cap: int, top: int) -> None:
        self._type, self._cap, self._top = str(field.type), cap, top
        shown, kind = is_shown(field), field.type
        self._is_number = shown and (pa.types.is_integer(kind) or pa.types.is_floating(kind))
        self._is_time = shown and pa.types.is_temporal(kind)
        has_top = shown and (pa.types.is_boolean(kind) or is_category(field))
        self._counts: Counter[Any] | None = Counter() if has_top else None
        self._distinct: set[Any] = set()
        self._is_exact = True
        self._missing = self._known = 0
        self._sum = 0.0
        self._minimum: Any = None
        self._maximum: Any = None

    def update(self, values: pa.Array) -> None:
        rows = len(values)
        values = values.drop_null()
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_floating(values.type):
            values = values.filter(pc.is_finite(values))
        self._known += len(values)
        self._missing += rows - len(values)
        self._count_distinct(values)
        if (self._is_number or self._is_time) and len(values):
            extremes = pc.min_max(values).as_py()
            self._minimum = _pick(min, self._minimum, extremes["min"])
            self._maximum = _pick(max, self._maximum, extremes["max"])
        if self._is_number and len(values):
            self._sum += pc.sum(values.cast(pa.float64(), safe=False)).as_py()

    def _count_distinct(self, values: pa.Array) -> None:
        if self._counts is not None:
            for pair in pc.value_counts(values).to_pylist():
                if pair["values"] in self._counts or len(self._counts) < self._cap:
                    self._counts[pair["values"]] += pair["counts"]
        if not self._is_exact:
            return
        unique = pc.unique(values)
        if len(unique) <= self._cap:
            self._distinct.update(unique.to_pylist())
        if max(len(unique), len(self._distinct)) > self._cap:
            self._is_exact = False
            self._distinct.clear()

    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": self._type,
            "missing": self._missing,
            "distinct": len(self._distinct) if self._is_exact else self._cap,
            "distinct_is_exact": self._is_exact,
        }
        if self._is_number:
            mean = self._sum / self._known if self._known else None
            found |= {"minimum": self._minimum, "maximum": self._maximum, "mean": mean}
        if self._is_time:
            found |= {"minimum": _text(self._minimum), "maximum": _text(self._maximum)}
        if self._counts is not None:
            ranked = sorted(self._counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
            found["top"] = [{"value": value, "count": n} for value, n in ranked[: self._top]]
        return found


def _pick(choose: Any, known: Any, found: Any) -> Any:
    return found if known is None else choose(known, found)


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat()
