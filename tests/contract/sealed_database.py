"""A database in which every append-only table has rows, all of them sealed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Double, Integer, LargeBinary, SmallInteger, insert, select
from sqlalchemy.types import BigInteger

from crispml_core.adapters.sql.audit.log import SqlAuditLog
from crispml_core.adapters.sql.audit.sealed_tables import SEALED
from crispml_core.adapters.sql.audit.seals import SqlSeals
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.retention.store import SqlRetentionStore
from crispml_core.adapters.sql.schema.tables import metadata
from crispml_core.adapters.sql.schema.types import Flag, HexDigest, JsonText, UtcTimestamp
from crispml_core.domain.audit import AuditEvent
from crispml_core.domain.errors import UntrustedSignature
from crispml_core.domain.signatures import Signature
from crispml_core.pipelines.audit.keeper import AuditKeeper
from crispml_core.pipelines.audit.verification import Verification

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)
ROWS = 3
# Written by the log itself.
OWN = {"audit_heads"}

JSON_OF = {
    "tuple[str, ...]": lambda number: (f"t{number}",),
    "dict[str, typing.Any]": lambda number: {"number": number, "ü": [None, 0.5]},
    "dict[str, str]": lambda number: {"what": f"t{number}"},
    "list[dict[str, typing.Any]]": lambda number: [{"number": number}],
    "dict[str, dict[str, typing.Any]]": lambda number: {"rule": {"streak": number}},
}


class Key:
    """Signs so that whoever knows this class can tell."""

    key_id = "k" * 64

    def sign(self, data):
        return Signature(self.key_id, (data * 64)[-64:])

    def verify(self, data, signature):
        if signature != self.sign(data):
            raise UntrustedSignature("another key")

    def state(self):
        return None


class Database:
    """A database with some rows in each table, all of them sealed, and a signed head."""

    def __init__(self, url):
        self.engine = make_engine(url, options=EngineOptions(retry_s=10))
        self.log, self.seals = SqlAuditLog(self.engine), SqlSeals(self.engine)
        self.retention = SqlRetentionStore(self.engine)
        self.verification = Verification(self.log, self.seals, self.retention, verifier=Key())

    def keeper(self):
        """Another one each time: what one remembers of the chain must not be needed."""
        return AuditKeeper(self.log, self.seals, environment="qa", signer=Key())

    def faults(self, *tables, held=()):
        found = self.verification.run(held, tables=tables or None)
        return [(one.where, one.fault) for one in found if one.fault is not None]

    def execute(self, statement):
        with self.engine.begin() as connection:
            return connection.execute(statement)

    def rows(self, table):
        with self.engine.connect() as connection:
            return [
                dict(row._mapping)
                for row in connection.execute(select(table).order_by(*table.primary_key))
            ]


def fill(made):
    """Write rows into each table, seal them and sign a head, and write an entry more."""
    with made.engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name in {sealed.table.name for sealed in SEALED.values()} - OWN:
                rows = [
                    {column.name: value_of(column, number) for column in table.columns}
                    for number in range(ROWS)
                ]
                connection.execute(insert(table), rows)
    made.log.append([AuditEvent(actor="key:ann", action=f"action-{n}") for n in range(4)])
    made.keeper().keep()
    made.log.append([AuditEvent(actor="key:bob", action="last")])
    made.keeper().keep()


def value_of(column, number):
    """Return a value for a column of a row, as the store of the table would write it."""
    kind = column.type
    if isinstance(kind, UtcTimestamp):
        return NOON + timedelta(hours=number)
    if isinstance(kind, HexDigest):
        return bytes([number + 1]) * 32
    if isinstance(kind, JsonText):
        return JSON_OF[str(kind.as_type)](number)
    if isinstance(kind, Flag):
        return number % 2
    if isinstance(kind, Double):
        return number + 0.1
    if isinstance(kind, (Integer, BigInteger, SmallInteger)):
        return number + 1
    if isinstance(kind, LargeBinary):
        return bytes([number + 1]) * 7
    return f"{column.name[:8]}{number}"
