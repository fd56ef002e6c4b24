"""How many scores there are, without reading them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from crispml_core.domain.lineage import ScoreCount


class ScoreCounts(Protocol):
    """Counts of the ledger, out of its groups."""

    def by_month(
        self,
        use_case: str,
        *,
        version: str | None = None,
        alias: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[ScoreCount]:
        """Count the scores of a window [start, end) by version, alias and month, in that order.

        Parameters
        ----------
        version, alias : str, optional
            Only scores of this version, or under this alias.
        """
        ...
