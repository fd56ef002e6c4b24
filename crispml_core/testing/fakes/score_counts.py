"""Counts of the scores in memory."""

from __future__ import annotations

from datetime import datetime

from crispml_core.domain.lineage import ScoreCount
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger


class FakeScoreCounts:
    """Counts what a `FakeScoreLedger` holds.

    Parameters
    ----------
    ledger : FakeScoreLedger
        Keeps the groups.
    """

    def __init__(self, ledger: FakeScoreLedger) -> None:
        self._ledger = ledger

    def by_month(
        self,
        use_case: str,
        *,
        version: str | None = None,
        alias: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[ScoreCount]:
        """Count the scores of a window by version, alias and month."""
        found: dict[tuple[str, str | None, str], ScoreCount] = {}
        for group in self._ledger.groups:
            if (
                group.use_case != use_case
                or not group.rows
                or version not in (None, group.version)
                or alias not in (None, group.alias)
                or (start is not None and group.created_at < start)
                or (end is not None and group.created_at >= end)
            ):
                continue
            key = (group.version, group.alias, f"{group.created_at:%Y-%m}")
            known = found.get(key)
            found[key] = ScoreCount(
                version=group.version,
                alias=group.alias,
                month=key[2],
                scores=group.rows + (known.scores if known else 0),
                first=min(group.created_at, known.first) if known else group.created_at,
                last=max(group.created_at, known.last) if known else group.created_at,
            )
        return sorted(found.values(), key=lambda c: (c.version, c.alias or "", c.month))
