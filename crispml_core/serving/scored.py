"""What goes into the scoring engine and what comes out, whatever the dialect of the request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crispml_core.domain.scores import ScoreRows, score_id


@dataclass(slots=True, kw_only=True)
class ScoreCall:
    """What came with the records of one request.

    Parameters
    ----------
    alias, version : str or None
        Which version answers: `version` if it is given, else the one that `alias` names.
    fingerprint : str
        Digest of the request, to tell whether an idempotency key comes with the same one again.
    explain : bool
        Whether every score gets its reasons.
    interval : float or None
        The confidence of a conformal interval or label set, between 0 and 1.
    traceparent : str or None
        Of a request that is traced: what goes on with its trace.
    """

    use_case: str
    alias: str | None = None
    version: str | None = None
    request_id: str = ""
    idempotency_key: str | None = None
    fingerprint: str = ""
    explain: bool = False
    interval: float | None = None
    traceparent: str | None = None

    @property
    def names_version(self) -> bool:
        """Whether the caller says who shall answer; then a challenger has no share."""
        return self.alias is not None or self.version is not None


@dataclass(slots=True, kw_only=True)
class Scored:
    """The scores of one request; they are durable.

    Parameters
    ----------
    alias : str or None
        The alias that led to the version; None when the caller named the version.
    fallback : bool
        Whether the version answers in place of the one that the alias names.
    durability : str
        ``database``, or ``journal`` while the database is away.
    replayed : bool
        Whether an earlier request with the same idempotency key stored them.
    group_id : str
        The group they were committed with.
    offset : int
        The row of the group in which the first of them lies.
    scores : ScoreRows
        The scores of this request only.
    ids, versions : list of str or None
        Where a challenger answers a share of the records: id and version of each score. The facts
        above then hold for the first version that answered.
    """

    use_case: str
    model: str
    version: str
    alias: str | None
    classes: tuple[str, ...]
    scored_at: datetime
    group_id: str
    offset: int
    scores: ScoreRows
    fallback: bool = False
    durability: str = "database"
    replayed: bool = False
    ids: list[str] | None = None
    versions: list[str] | None = None

    def score_ids(self) -> list[str]:
        """Return the id of every score, in the order of the request."""
        if self.ids is not None:
            return self.ids
        first = self.offset
        return [score_id(self.group_id, row) for row in range(first, first + len(self.scores))]
