"""Which tables are sealed, and which of their columns never change.

What changes later without being wrong, like the state of an alert, is in no digest. What is written
once but later than its row, like the revocation of a key, is sealed as if it were a table of its
own, whose rows are those where it is written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, and_, or_

from crispml_core.adapters.sql.audit.readable import raw
from crispml_core.adapters.sql.schema import tables as t
from crispml_core.adapters.sql.schema.types import UtcTimestamp
from crispml_core.governance.audit_seals import row_digest

# Their kind of value is the same on every database, and whatever is in it can be read.
_AS_IT_IS = ("BigInteger", "Integer", "Double", "LargeBinary")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTable:
    """A table, or what is written once in its rows.

    Parameters
    ----------
    columns : tuple of Column
        What a digest is over, in this order; never changed in a release, only added as another
        sealed table.
    also : tuple of Column
        What a seal has besides the primary key, because a pruning names its rows by that.
    where : ColumnElement, optional
        Which rows there are.
    """

    name: str
    table: Table
    columns: tuple[Column[Any], ...]
    also: tuple[Column[Any], ...] = ()
    where: ColumnElement[bool] | None = None

    @property
    def key(self) -> tuple[Column[Any], ...]:
        """The primary key."""
        return tuple(self.table.primary_key.columns)

    @property
    def named(self) -> list[ColumnElement[Any]]:
        """What a query reads for the key in a seal."""
        return [*self.key, *(_raw(column) for column in self.also)]

    @property
    def selected(self) -> list[ColumnElement[Any]]:
        """What a query reads: the key in a seal, then the columns of the digest."""
        return [*self.named, *(_raw(column) for column in self.columns)]

    def key_of(self, row: Row[Any]) -> str:
        """Return the key of a row as text."""
        return json.dumps(list(row[: len(self.named)]), separators=(",", ":"))

    def place_of(self, key: str) -> tuple[Any, ...]:
        """Return the values of the primary key in a key as text."""
        return tuple(json.loads(key)[: len(self.key)])

    def digest_of(self, row: Row[Any]) -> bytes:
        """Return the digest of a row."""
        values = row[len(self.named) :]
        return row_digest(
            self.name,
            [_portable(c, value) for c, value in zip(self.columns, values, strict=True)],
        )

    def after(self, key: str) -> ColumnElement[bool]:
        """Return the condition that a row comes behind a key, in the order of keys."""
        values = self.place_of(key)
        return or_(
            *(
                and_(
                    *(c == v for c, v in zip(self.key[:n], values[:n], strict=True)),
                    self.key[n] > values[n],
                )
                for n in range(len(self.key))
            )
        )

    def is_not_after(self, key: str) -> ColumnElement[bool]:
        """Return the condition that a row is at a key or before it."""
        values = self.place_of(key)
        last = len(self.key) - 1
        return or_(
            *(
                and_(
                    *(c == v for c, v in zip(self.key[:n], values[:n], strict=True)),
                    self.key[n] <= values[n] if n == last else self.key[n] < values[n],
                )
                for n in range(len(self.key))
            )
        )

    def among(self, keys: Sequence[str]) -> list[ColumnElement[bool]]:
        """Return conditions that together find the rows of some keys."""
        by_front: dict[tuple[Any, ...], list[Any]] = {}
        for key in keys:
            *front, last = self.place_of(key)
            by_front.setdefault(tuple(front), []).append(last)
        return [
            and_(
                *(c == v for c, v in zip(self.key[:-1], front, strict=True)),
                self.key[-1].in_(lasts),
            )
            for front, lasts in by_front.items()
        ]


def _raw(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column as it is stored: a text that is no JSON any more must be read too."""
    if type(column.type).__name__ in _AS_IT_IS:
        return column
    return raw(column)


def _portable(column: Column[Any], value: Any) -> Any:
    """Return a value as every database gives it."""
    if isinstance(column.type, UtcTimestamp) and value is not None:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return str(value)
        return moment.isoformat(timespec="microseconds")
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def _of(
    table: Table,
    *,
    without: Sequence[str] = (),
    also: Sequence[str] = (),
    late: Mapping[str, Sequence[str]] | None = None,
) -> list[SealedTable]:
    """Return a table as what is sealed of it.

    Parameters
    ----------
    without : sequence of str
        Columns that may change.
    late : mapping of str to sequence of str
        By name, columns that are written once and later; the first of them is null until then.
    """
    later = {name for names in (late or {}).values() for name in names}
    first = tuple(c for c in table.columns if c.name not in {*without, *later})
    return [
        SealedTable(
            name=str(table.name), table=table, columns=first, also=tuple(table.c[a] for a in also)
        ),
        *(
            SealedTable(
                name=f"{table.name}.{name}",
                table=table,
                columns=tuple(table.c[column] for column in columns),
                where=table.c[columns[0]].is_not(None),
            )
            for name, columns in (late or {}).items()
        ),
    ]


_STATE = ("idempotency_digest", "fingerprint")
SEALED: Mapping[str, SealedTable] = {
    sealed.name: sealed
    for parts in (
        _of(t.alias_events),
        _of(t.bundle_imports),
        _of(t.approvals),
        _of(t.version_approvals),
        _of(t.version_health, without=_STATE),
        _of(
            t.api_keys,
            without=("current_name",),
            late={"revoked": ("revoked_at", "revoked_by")},
        ),
        # The rows and inputs of a group are in its root.
        _of(
            t.score_groups,
            without=("row_digests", "inputs", "idempotency_key", *_STATE),
            also=("writer_id", "sequence", "root"),
        ),
        _of(t.label_imports, without=_STATE),
        _of(
            t.labels,
            without=("current_subject", "superseded_by", "superseded_at"),
        ),
        _of(t.reports, without=_STATE),
        _of(t.dataset_notes),
        _of(t.serving_events),
        _of(t.monitor_evaluations),
        _of(
            t.alerts,
            without=("state", "firing_key", "last_seen", "resolved_at"),
            late={"acknowledged": ("acknowledged_at", "acknowledged_by")},
        ),
        _of(
            t.trigger_actions,
            without=("status", "run_id", "version", "detail"),
            late={"decided": ("decided_at", "decided_by", "decided_why")},
        ),
        _of(t.erasures),
        _of(t.prunings),
        _of(t.audit_heads),
    )
    for sealed in parts
}
"""All that is sealed, by name."""
