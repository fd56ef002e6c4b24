"""Following the rules of retention, in steps that hold no lock for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.retention import Pruning, RetentionOutcome, RetentionRule, RuleOutcome
from crispml_core.ports.retention_store import RetentionStore

_STEP = 1_000


class Retention:
    """Follows the rules of retention.

    It can be killed at any moment and called again: a step is one transaction, and what it deleted
    is gone for the next one. Two at once do not delete more than one alone.

    Parameters
    ----------
    rules : sequence of RetentionRule
        In the order in which they are followed.
    store : RetentionStore
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(
        self,
        rules: Sequence[RetentionRule],
        store: RetentionStore,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._rules, self._store, self._clock = rules, store, clock

    def look(self) -> RetentionOutcome:
        """Return what the rules would delete."""
        now = self._clock()
        outcomes = []
        for rule in self._rules:
            rows = self._store.due(rule, rule.cutoff(now))
            outcomes.append(_outcome(rule, now, rows, complete=not rows))
        return _together(outcomes, dry_run=True)

    def follow(
        self,
        within_s: float | None = None,
        on_step: Callable[[Pruning], None] = lambda pruning: None,
    ) -> RetentionOutcome:
        """Delete what is too old.

        Parameters
        ----------
        within_s : float, optional
            No step begins after so many seconds.
        on_step : callable
            Gets each pruning when it is committed.
        """
        now, start = self._clock(), time.monotonic()

        def is_time_up() -> bool:
            return within_s is not None and time.monotonic() - start >= within_s

        outcomes = []
        for rule in self._rules:
            rows, complete = 0, False
            while not complete and not is_time_up():
                pruning = self._store.prune(rule, rule.cutoff(now), at=self._clock(), limit=_STEP)
                complete = pruning is None
                if pruning is not None:
                    rows += pruning.rows
                    on_step(pruning)
            outcomes.append(_outcome(rule, now, rows, complete=complete))
        return _together(outcomes, dry_run=False)


def _outcome(rule: RetentionRule, now: datetime, rows: int, *, complete: bool) -> RuleOutcome:
    return RuleOutcome(
        table=rule.table.value,
        use_case=rule.use_case,
        days=rule.days,
        cutoff=rule.cutoff(now),
        rows=rows,
        complete=complete,
    )


def _together(outcomes: Sequence[RuleOutcome], *, dry_run: bool) -> RetentionOutcome:
    return RetentionOutcome(
        dry_run=dry_run,
        complete=all(outcome.complete for outcome in outcomes),
        rules=tuple(outcomes),
    )
