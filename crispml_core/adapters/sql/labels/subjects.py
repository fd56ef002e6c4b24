"""What labels are about: a score, the last score of a record until a moment, or a record."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, func, select

from crispml_core.adapters.sql.databases.among import among
from crispml_core.adapters.sql.databases.dialect_sql import each_text
from crispml_core.adapters.sql.databases.raw_batches import MOMENT, raw, read_table
from crispml_core.adapters.sql.schema.tables import score_groups, score_keys
from crispml_core.adapters.sql.scores.places import find_places
from crispml_core.domain.errors import InvalidInput

_SEPARATOR = "\x1f"


def subjects_of(use_case: str, labels: pa.RecordBatch) -> list[str]:
    """Return the digest of what each label is about; it names the same thing in every release.

    Only the last part of what is digested may hold any character.
    """
    parts = zip(
        labels["score_id"].to_pylist(),
        labels["record_key"].to_pylist(),
        labels["scored_until"].cast(pa.int64()).to_pylist(),
        strict=True,
    )
    by_id, by_key, until = (
        sha256(_SEPARATOR.join((use_case, kind, "")).encode())
        for kind in ("score", "record", "until")
    )

    def digest(score_id: str | None, record_key: str | None, moment: int | None) -> str:
        if score_id is not None:
            whole, rest = by_id.copy(), score_id
        elif record_key is None:
            raise InvalidInput("a label must name a score_id or a record_key")
        elif moment is None:
            whole, rest = by_key.copy(), record_key
        else:
            whole, rest = until.copy(), f"{moment}{_SEPARATOR}{record_key}"
        whole.update(rest.encode())
        return whole.hexdigest()

    return [digest(*part) for part in parts]


class Subjects:
    """Which of the things that labels are about have a score.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of a transaction.
    use_case : str
        Scores of another one count as none.
    labels : pyarrow.RecordBatch
        With the columns of `crispml_core.tables.label_table.LABELS`.
    """

    def __init__(self, connection: Connection, use_case: str, labels: pa.RecordBatch) -> None:
        self._connection, self._use_case, self._labels = connection, use_case, labels

    @cached_property
    def scored_at(self) -> dict[str, datetime]:
        """When the scores were made that labels name by their ids."""
        ids = self._labels["score_id"].drop_null().to_pylist()
        found = find_places(self._connection, ids) if ids else {}
        return {i: at for i, (_, _, owner, at) in found.items() if owner == self._use_case}

    def has_score(self, rows: np.ndarray) -> np.ndarray:
        """Return for some rows whether there is a score that their label is about."""
        some = self._labels.take(pa.array(rows))
        by_id = pc.is_in(some["score_id"], pa.array(self.scored_at, pa.string()))
        first = self._first_scores(some["record_key"].filter(pc.is_null(some["score_id"])))
        where = pc.index_in(some["record_key"], first["key"])
        made = first["made"].take(where)
        until = pc.coalesce(some["scored_until"], made)
        by_key = pc.and_(pc.is_null(some["score_id"]), pc.less_equal(made, until))
        return np.asarray(pc.or_(by_id, by_key.fill_null(False)).to_numpy(zero_copy_only=False))

    def _first_scores(self, keys: pa.Array) -> dict[str, pa.Array]:
        """Return record keys that have scores, and when the first of them was made.

        The moment is needed where some label has one, and otherwise left out.
        """
        is_timed = self._labels["scored_until"].null_count < len(self._labels)
        key, made = score_keys.c.record_key, raw(func.min(score_groups.c.created_at))
        each = each_text(self._connection.dialect, key)
        query: Any = select(*each, made) if is_timed else select(*each)
        query = query.group_by(*each)
        if is_timed:
            query = query.join(score_groups, score_groups.c.group_no == score_keys.c.group_no)
        of_key = [("key", pa.string()), ("length", pa.int64())][: len(each)]
        fields = [*of_key, ("made", MOMENT)] if is_timed else of_key
        found = [
            read_table(
                self._connection,
                query.where(score_keys.c.use_case == self._use_case, condition),
                pa.schema(fields),
            )
            for condition in among(self._connection.dialect, key, keys.to_pylist())
        ]
        table = pa.concat_tables([pa.schema(fields).empty_table(), *found]).combine_chunks()
        long_ago = pa.repeat(pa.scalar(0, MOMENT), len(table))
        first = {name: table[name].combine_chunks() for name in table.schema.names}
        return {"made": long_ago} | first
