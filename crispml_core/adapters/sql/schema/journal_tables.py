"""The table of who writes to which journal on a shared volume; `tables` has all others."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, String, Table

from crispml_core.adapters.sql.schema.types import UtcTimestamp


def journal_tables(metadata: MetaData) -> Table:
    """Return it as a table of `metadata`."""
    return Table(
        "journal_leases",
        metadata,
        Column("journal", String(128), primary_key=True),
        Column("holder", String(128), nullable=False),
        # Whoever watches it sees that it grows; moments of two machines are never compared.
        Column("renewals", BigInteger, nullable=False),
        Column("renewed_at", UtcTimestamp(), nullable=False),
    )
