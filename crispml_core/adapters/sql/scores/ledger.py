"""Scores as rows, committed in groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, select

from crispml_core.adapters.sql.databases.capabilities import capabilities
from crispml_core.adapters.sql.databases.copying import copies
from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.databases.tracing import append_span
from crispml_core.adapters.sql.schema.group_rows import SPAN, place, rows_between
from crispml_core.adapters.sql.schema.idempotency import check_fingerprint, key_digest
from crispml_core.adapters.sql.schema.tables import score_groups, score_rows
from crispml_core.adapters.sql.scores.append_rows import append_rows
from crispml_core.adapters.sql.scores.columns import ROWS_OF_GROUP, to_group, to_score
from crispml_core.adapters.sql.scores.index import catch_up, index_keys
from crispml_core.adapters.sql.scores.places import find_places
from crispml_core.adapters.sql.scores.search import SCORES, ScoreSearch, search
from crispml_core.adapters.sql.scores.sqlite_append import SqliteAppender
from crispml_core.adapters.sql.scores.windows import groups_of_window, shadow_pairs
from crispml_core.domain.errors import Conflict, NotFound, WouldWait
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import Score, ScoreGroup
from crispml_core.domain.upkeep import Upkept
from crispml_core.ports.tracer import Tracer

if TYPE_CHECKING:
    import pyarrow as pa

_NEW_WRITER = (0, bytes(32))
_IN_LIST = 1_000


class SqlScoreLedger:
    """The ledger in a SQL database; see `crispml_core.ports.score_ledger.ScoreLedger`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    most_joined : int, optional
        Most scores that are joined to labels at once: all of them are in memory.
    tracer : Tracer, optional
        Follows appends, whose statements may be the driver's own.
    """

    def __init__(
        self, engine: Engine, *, most_joined: int | None = None, tracer: Tracer | None = None
    ) -> None:
        self._engine, self._most_joined, self._tracer = engine, most_joined, tracer
        self._driver = _appender(engine)

    def append(
        self,
        groups: Sequence[ScoreGroup],
        events: Sequence[ServingEvent] = (),
        *,
        wait: bool = True,
    ) -> None:
        """Commit groups and events in one transaction: all of them, or none."""
        try:
            with append_span(self._tracer, self._engine, groups):
                self._append(groups, events, wait)
        except ConstraintBroken:
            raise Conflict(
                "a group with this id, this writer and sequence, or this idempotency key is stored "
                "already"
            ) from None

    def _append(
        self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent], wait: bool
    ) -> None:
        if self._driver is not None:
            self._driver.append(groups, events, wait=wait)
        elif not wait:
            raise WouldWait
        else:
            append_rows(self._engine, groups, events)

    @retried
    def stored(self, group_ids: Sequence[str]) -> set[str]:
        """Return those of some groups that are committed."""
        found: set[str] = set()
        with reading(self._engine) as connection:
            for start in range(0, len(group_ids), _IN_LIST):
                chunk = group_ids[start : start + _IN_LIST]
                query = select(score_groups.c.group_id).where(score_groups.c.group_id.in_(chunk))
                found.update(connection.execute(query).scalars())
        return found

    @retried
    def replay(self, use_case: str, idempotency_key: str, fingerprint: str) -> ScoreGroup | None:
        """Return what an idempotency key stored, or None."""
        digest = key_digest((use_case,), idempotency_key)
        with reading(self._engine) as connection:
            group = _group(connection, score_groups.c.idempotency_digest == digest)
        if group is not None:
            check_fingerprint(group.fingerprint, fingerprint)
        return group

    @retried
    def last_root(self, writer_id: str) -> tuple[int, bytes]:
        """Return the last sequence and root of a writer; (0, 32 zero bytes) for a new one."""
        query = (
            select(score_groups.c.sequence, score_groups.c.root)
            .where(score_groups.c.writer_id == writer_id)
            .order_by(score_groups.c.sequence.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return _NEW_WRITER if row is None else (row.sequence, row.root)

    @retried
    def get(self, score_id: str) -> Score:
        """Return one score, or raise `NotFound`."""
        with reading(self._engine) as connection:
            found = find_places(connection, [score_id]).get(score_id)
            if found is None:
                raise NotFound("score")
            group_no, row, *_ = found
            query = SCORES.where(
                score_groups.c.group_no == group_no, score_rows.c.place == place(group_no, row)
            )
            return to_score(connection.execute(query).one())

    @retried
    def group(self, group_id: str) -> ScoreGroup:
        """Return one group with its scores and inputs, or raise `NotFound`."""
        with reading(self._engine) as connection:
            found = _group(connection, score_groups.c.group_id == group_id)
        if found is None:
            raise NotFound("score group")
        return found

    @retried
    def find(
        self,
        *,
        use_case: str | None = None,
        version: str | None = None,
        record_key: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Score]:
        """Return scores of the window [start, end), newest first, older than the score `before`."""
        if record_key is not None:
            catch_up(self._engine)
        what = ScoreSearch(
            use_case=use_case,
            version=version,
            record_key=record_key,
            start=start,
            end=end,
            limit=limit,
            before=before,
        )
        with reading(self._engine) as connection:
            return [to_score(row) for row in search(connection, what)]

    @retried
    def with_labels(
        self,
        use_case: str,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None = None,
        as_of: datetime | None = None,
        shadow: bool = False,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return the scores of a window [start, end), each joined to at most one label."""
        # Only this needs pyarrow, which a process that only answers records can do without.
        from crispml_core.adapters.sql.joins.labelled_scores import (
            has_timed_labels,
            labelled_scores,
        )

        with reading(self._engine) as connection:
            looks_by_key = has_timed_labels(connection, use_case)
        if looks_by_key:
            catch_up(self._engine)
        with reading(self._engine) as connection:
            return labelled_scores(
                connection,
                use_case,
                start=start,
                end=end,
                version=version,
                as_of=as_of,
                shadow=shadow,
                columns=columns,
                most_rows=self._most_joined,
            )

    def groups_between(
        self,
        use_case: str,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None = None,
    ) -> Iterator[ScoreGroup]:
        """Yield the groups of a window [start, end) whole, oldest first, in bounded memory."""
        return groups_of_window(self._engine, use_case, start=start, end=end, version=version)

    @retried
    def shadow_pairs(self, use_case: str, version: str) -> pa.Table:
        """Return which group each shadow group of a version is the shadow of."""
        with reading(self._engine) as connection:
            return shadow_pairs(connection, use_case, version)

    def index_keys(self, max_rows: int) -> Upkept:
        """Index at most `max_rows` waiting record keys."""
        return index_keys(self._engine, max_rows)


class _Appender(Protocol):
    """Commits groups and events in one transaction, on the connection of a driver."""

    def append(
        self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent], *, wait: bool
    ) -> None:
        """Commit, or raise what `writing` raises; `WouldWait` if that needs `wait`."""


def _appender(engine: Engine) -> _Appender | None:
    if capabilities(engine.dialect).in_process:
        return SqliteAppender(engine)
    if not copies(engine.dialect):
        return None
    # Here, because the driver is installed only where there is such a database.
    from crispml_core.adapters.sql.scores.postgresql_append import PostgresqlAppender

    return PostgresqlAppender(engine)


def _group(connection: Connection, which: ColumnElement[bool]) -> ScoreGroup | None:
    found = connection.execute(select(score_groups).where(which)).one_or_none()
    if found is None:
        return None
    rows = connection.execute(ROWS_OF_GROUP.where(rows_between(found.group_no, 0, SPAN)))
    return to_group(found, rows.all())
