"""How long rows are kept, and what was deleted because it grew too old."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from crispml_core.domain.audit import AuditEvent
from crispml_core.domain.identifiers import new_id_text

PRUNED = "pruned"
"""Action of an entry of the audit log about rows that a rule deleted."""

KEY_DIGEST_BYTES = 16
"""Of SHA-256, for each deleted key: enough that none can be found for another row."""


class Retained(StrEnum):
    """A table whose rows may grow too old; all others keep theirs."""

    SERVING_EVENTS = "serving_events"
    DELIVERIES = "deliveries"
    RUNS = "runs"
    REPORTS = "reports"
    SCORES = "score_groups"
    """Groups of scores with their rows and stored inputs; the counts of drift stay."""
    LABELS = "labels"
    LABEL_IMPORTS = "label_imports"
    """Those whose labels are all gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long the rows of a table are kept.

    Parameters
    ----------
    days : int
        Rows that are older are deleted.
    use_case : str or None
        Whose rows; None for those of all use cases but `but`.
    but : tuple of str
        Use cases that have a rule of their own.
    """

    table: Retained
    days: int
    use_case: str | None = None
    but: tuple[str, ...] = ()

    def cutoff(self, now: datetime) -> datetime:
        """Return the moment whose rows are the first that stay."""
        return now - timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """One step of a rule: rows of one table that were deleted in one transaction.

    It stays for good, so that whoever finds a gap can tell what a rule deleted from what somebody
    removed. It holds digests of keys, and nothing of the rows.

    Parameters
    ----------
    use_case : str or None
        Of the rule.
    cutoff : datetime
        Every deleted row was older.
    key_digests : bytes
        `key_digest` of each deleted row, sorted.
    audit_sequence : int
        The entry of the audit log that has its `digest`; 0 before it is kept.
    """

    table: Retained
    use_case: str | None
    days: int
    cutoff: datetime
    pruned_at: datetime
    key_digests: bytes
    pruning_id: str = field(default_factory=new_id_text)
    audit_sequence: int = 0

    @classmethod
    def of(
        cls, rule: RetentionRule, keys: Iterable[str], *, cutoff: datetime, at: datetime
    ) -> Pruning:
        """Return the pruning of rows by their keys."""
        return cls(
            table=rule.table,
            use_case=rule.use_case,
            days=rule.days,
            cutoff=cutoff,
            pruned_at=at,
            key_digests=b"".join(sorted(map(key_digest, keys))),
        )

    @property
    def rows(self) -> int:
        """How many rows were deleted."""
        return len(self.key_digests) // KEY_DIGEST_BYTES

    @property
    def digest(self) -> bytes:
        """SHA-256 over all that it says."""
        facts = (
            self.pruning_id,
            self.table.value,
            self.use_case or "",
            str(self.days),
            self.cutoff.isoformat(),
            self.pruned_at.isoformat(),
        )
        return hashlib.sha256("\n".join(facts).encode() + b"\n" + self.key_digests).digest()

    def to_event(self, environment: str) -> AuditEvent:
        """Return the event that the audit log keeps together with it."""
        return AuditEvent(
            actor="rule:retention",
            action=PRUNED,
            resource=f"table={self.table.value}",
            use_case=self.use_case,
            environment=environment,
            detail={
                "pruning": self.pruning_id,
                "digest": self.digest.hex(),
                "rows": self.rows,
                "days": self.days,
                "cutoff": self.cutoff.isoformat(),
            },
        )

    def is_vouched_for(self, event: AuditEvent) -> bool:
        """Return whether an event of the audit log is about this pruning, as it is."""
        return event.action == PRUNED and event.detail.get("digest") == self.digest.hex()

    def digests(self) -> Iterator[bytes]:
        """Yield the digest of the key of each deleted row."""
        for start in range(0, len(self.key_digests), KEY_DIGEST_BYTES):
            yield self.key_digests[start : start + KEY_DIGEST_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """What became of one rule, or would.

    Parameters
    ----------
    table : str
        As the database calls it.
    use_case : str or None
        Whose rows; None for those of all that have no rule of their own.
    cutoff : datetime
        Older rows are deleted.
    rows : int
        How many were deleted, or would be.
    complete : bool
        Whether no older row is left.
    """

    table: str
    use_case: str | None
    days: int
    cutoff: datetime
    rows: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionOutcome:
    """What following the rules came to.

    Parameters
    ----------
    dry_run : bool
        Whether nothing was deleted.
    complete : bool
        Whether nothing that is too old is left; if not, follow the rules once more.
    """

    dry_run: bool
    complete: bool
    rules: tuple[RuleOutcome, ...]


def key_digest(key: str) -> bytes:
    """Return what a pruning keeps of the key of a row.

    The key is the primary key as text; of a score group `score_group_key`.
    """
    return hashlib.sha256(key.encode()).digest()[:KEY_DIGEST_BYTES]


def score_group_key(writer_id: str, sequence: int, root: bytes) -> str:
    """Return the key of a score group in a pruning: its place in its hash chain, and its root.

    Whoever verifies the chain knows all three from the group behind a gap, whose `previous_root` is
    the root of the last one that was deleted.
    """
    return f"{writer_id}/{sequence}/{root.hex()}"
