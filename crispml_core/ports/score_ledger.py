"""The durable record of every score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import Score, ScoreGroup
from crispml_core.domain.upkeep import Upkept

if TYPE_CHECKING:
    import pyarrow as pa


class ScoreLedger(Protocol):
    """Append-only scores in groups that are committed whole."""

    def append(
        self,
        groups: Sequence[ScoreGroup],
        events: Sequence[ServingEvent] = (),
        *,
        wait: bool = True,
    ) -> None:
        """Commit groups and events in one transaction: all of them, or none.

        Parameters
        ----------
        wait : bool
            Whether the caller can wait for more than the flush to a local disk.

        Raises
        ------
        WouldWait
            If the caller cannot wait and would have to; then nothing is stored. A store behind a
            network always says so.
        Conflict
            If a group, its writer and sequence, or its idempotency key is stored already.
        StoreUnavailable
            If the store does not answer; the transaction may have been committed all the same, see
            `stored`.
        """
        ...

    def stored(self, group_ids: Sequence[str]) -> set[str]:
        """Return those of some groups that are committed."""
        ...

    def replay(self, use_case: str, idempotency_key: str, fingerprint: str) -> ScoreGroup | None:
        """Return what a key stored, or None; raise `Conflict` when the fingerprint differs."""
        ...

    def last_root(self, writer_id: str) -> tuple[int, bytes]:
        """Return the last sequence and root of a writer; (0, 32 zero bytes) for a new one."""
        ...

    def get(self, score_id: str) -> Score:
        """Return one score, or raise `NotFound`."""
        ...

    def group(self, group_id: str) -> ScoreGroup:
        """Return one group with its scores and inputs, or raise `NotFound`."""
        ...

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
        """Return scores of [start, end), newest first, older than the score `before`.

        Shadow scores, which nobody was answered, are not among them.

        The order is that of the groups, by time and commit, and within a group of the rows.

        Raises
        ------
        InvalidInput
            If `before` is not the id of a score.
        """
        ...

    def groups_between(
        self,
        use_case: str,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None = None,
    ) -> Iterator[ScoreGroup]:
        """Yield the groups of a window [start, end) whole, oldest first, in bounded memory.

        Shadow groups are left out. What is committed meanwhile may come or not.
        """
        ...

    def shadow_pairs(self, use_case: str, version: str) -> pa.Table:
        """Return which group each shadow group of a version is the shadow of.

        Returns
        -------
        pyarrow.Table
            Columns ``group_id`` and ``shadow_of``. The rows of both are the same records in the
            same order.
        """
        ...

    def index_keys(self, max_rows: int) -> Upkept:
        """Bring at most `max_rows` record keys into the index.

        Commits leave the index behind. What reads by record key catches up first; a process that
        scores calls this now and then, so that nobody has to wait then.
        """
        ...

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
        """Return the scores of a window [start, end), each joined to at most one label.

        A score takes the current label under its own id, else the one about the last score of its
        record until some moment if it is that score, else the current label under its record key.
        Which score is the last one does not depend on window and version. With `as_of`, only scores
        and labels that were stored until then count. Scores that nobody was answered, whose alias
        is `crispml_core.domain.models.SHADOW`, are left out; with `shadow` only they are there.

        Parameters
        ----------
        columns : sequence of str, optional
            Which columns the table has, in this order; what is not asked for is not read. Beside
            those below, ``probability_<class>`` is the probability of a class as a number, null for
            scores without that class.

        Returns
        -------
        pyarrow.Table
            Columns ``score_id, record_key, version, prediction, probability, probabilities`` (JSON
            text), ``segments`` (JSON text), ``scored_at, label, label_time, received_at,
            propensity``; `prediction` and `label` as text, label columns null where there is no
            label. `version` and `segments` repeat, so they are dictionaries. Oldest first, in the
            order that `find` reverses.

        Raises
        ------
        TooLarge
            If there are more scores than the process may hold in memory.
        """
        ...
