"""What one kind of database can and another cannot, by name.

The only place that knows one kind from another: everything else asks for a capability. SQL that is
written differently on each is in `dialect_sql`. The table in `docs/databases.md` is held against
these values by a test, and the contract suite asks the databases themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import Dialect

from crispml_core.domain.errors import InvalidInput

_MIB = 1024 * 1024
_GIB = 1024 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind of database can, and how far.

    A field that is a truth value may be named by a test that needs it: where it is false the test
    is left out for this database.
    """

    kind: str
    """Its name in this project."""
    title: str
    """Its name for people."""
    encryption_query: str | None
    """Asks for the algorithm that encrypts each of its parts; None if it cannot tell."""
    in_process: bool
    """Works inside of this process: a statement costs less than what SQLAlchemy makes of it."""
    moments_as_text: bool
    """The driver takes a moment as text."""
    fetches_as_it_goes: bool
    """A plain cursor finds rows while they are fetched, and not all of them before."""
    json_lists: bool
    """A list of texts of any length can be one parameter, as JSON."""
    array_lists: bool
    """A list of texts of any length can be one parameter, as an array."""
    planner_has_figures: bool
    """Keeps figures about its tables by itself, and chooses an index by them."""
    sees_own_rows: bool
    """Its planner knows how many rows the transaction of the moment has stored."""
    returning: bool
    """An INSERT can answer with columns, as SQLAlchemy writes it."""
    upsert: str
    """What stores a row or changes the one that is there."""
    identity: str
    """What counts groups of scores."""
    limit: str
    """What ends a query after some rows, as SQLAlchemy writes it."""
    parameters: int
    """Most parameters of one statement."""
    blob_bytes: int
    """Largest bytes in a column."""
    clob_bytes: int
    """Largest text in a column of the type `Text`."""
    text_lengths: bool
    """A column of texts has a length, which each of its texts costs the driver."""
    boolean: bool
    """A truth value can be stored, compared and asked for through the driver."""
    json: bool
    """There is a type for JSON that SQLAlchemy can make."""
    zoned_moments: bool
    """There is a type for a moment with its zone."""
    trailing_blanks: bool
    """Texts that differ in blanks at their end are different."""
    timestamp_digits: int
    """Digits of a second that are kept."""
    identifier_bytes: int | None
    """Longest name of a table, column or key; None for any."""
    identifier_case: str
    """What becomes of a name that is written without quotes."""
    partial_indexes: bool
    """An index can leave rows out by a condition."""
    nulls_in_unique: str
    """Which rows with nulls a unique key lets through any number of times."""
    transactional_ddl: bool
    """What makes and changes tables can be rolled back."""
    isolation: str
    """How far a transaction is kept from others, unless told."""
    readers_wait: bool
    """Who reads a row may have to wait for the one who is changing it."""
    lock_timeout: str
    """What says how long to wait for a lock."""
    skip_locked: bool
    """A query can pass over rows that others have locked, as SQLAlchemy writes it."""
    row_locks: bool
    """Two transactions can write at the same time."""
    copy: bool
    """There is a way of its own for very many rows."""
    error_codes: str
    """Where an error says what it is."""

    def lacks(self, names: set[str]) -> list[str]:
        """Return those capabilities that it has not, in order.

        Raises
        ------
        ValueError
            If one of the names is no capability that a database has or has not.
        """
        flags = {field.name for field in fields(self) if field.type == "bool"}
        if unknown := names - flags:
            raise ValueError(f"no capability of this name: {', '.join(sorted(unknown))}")
        return sorted(name for name in names if not getattr(self, name))


SQLITE = Capabilities(
    kind="sqlite",
    title="SQLite",
    encryption_query=None,
    in_process=True,
    moments_as_text=True,
    fetches_as_it_goes=True,
    json_lists=True,
    array_lists=False,
    planner_has_figures=False,
    sees_own_rows=True,
    returning=True,
    upsert="ON CONFLICT",
    identity="rowid",
    limit="LIMIT",
    parameters=32_766,
    blob_bytes=1_000_000_000,
    clob_bytes=1_000_000_000,
    text_lengths=False,
    boolean=True,
    json=True,
    zoned_moments=False,
    trailing_blanks=True,
    timestamp_digits=6,
    identifier_bytes=None,
    identifier_case="kept, compared without case",
    partial_indexes=True,
    nulls_in_unique="any part is null",
    transactional_ddl=True,
    isolation="serializable",
    readers_wait=False,
    lock_timeout="PRAGMA busy_timeout",
    skip_locked=False,
    row_locks=False,
    copy=False,
    error_codes="sqlite_errorname",
)

POSTGRESQL = Capabilities(
    kind="postgresql",
    title="PostgreSQL",
    encryption_query=None,
    in_process=False,
    moments_as_text=False,
    fetches_as_it_goes=False,
    json_lists=False,
    array_lists=True,
    planner_has_figures=True,
    sees_own_rows=False,
    returning=True,
    upsert="ON CONFLICT, MERGE",
    identity="BIGSERIAL",
    limit="LIMIT",
    parameters=65_535,
    blob_bytes=1 * _GIB,
    clob_bytes=1 * _GIB,
    text_lengths=False,
    boolean=True,
    json=True,
    zoned_moments=True,
    trailing_blanks=True,
    timestamp_digits=6,
    identifier_bytes=63,
    identifier_case="lower",
    partial_indexes=True,
    nulls_in_unique="any part is null",
    transactional_ddl=True,
    isolation="READ COMMITTED",
    readers_wait=False,
    lock_timeout="SET lock_timeout",
    skip_locked=True,
    row_locks=True,
    copy=True,
    error_codes="sqlstate",
)

DB2 = Capabilities(
    kind="db2",
    title="IBM Db2",
    encryption_query="SELECT ALGORITHM FROM TABLE(SYSPROC.ADMIN_GET_ENCRYPTION_INFO())",
    in_process=False,
    moments_as_text=False,
    fetches_as_it_goes=False,
    json_lists=False,
    array_lists=False,
    planner_has_figures=True,
    sees_own_rows=True,
    returning=False,
    upsert="MERGE",
    identity="GENERATED BY DEFAULT AS IDENTITY",
    limit="LIMIT",
    parameters=32_767,
    blob_bytes=2 * _GIB - 1,
    # What `db2_sql` makes of it: `CLOB` without a length would have one MiB.
    clob_bytes=16 * _MIB,
    # It clears as much memory for each value that it sends or reads.
    text_lengths=True,
    boolean=False,
    json=False,
    zoned_moments=False,
    trailing_blanks=False,
    timestamp_digits=6,
    identifier_bytes=128,
    identifier_case="upper",
    partial_indexes=False,
    nulls_in_unique="every part is null",
    transactional_ddl=True,
    isolation="CS",
    # Db2 itself shows what was committed before, unless its `cur_commit` is off.
    readers_wait=True,
    lock_timeout="SET CURRENT LOCK TIMEOUT",
    skip_locked=False,
    row_locks=True,
    copy=False,
    error_codes="SQLSTATE in the text",
)

# By the name of the dialect in SQLAlchemy.
_BY_DIALECT = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "ibm_db_sa": DB2}

KINDS = {known.kind: known for known in _BY_DIALECT.values()}
"""Every kind of database, by its name."""


def capabilities(dialect: Dialect) -> Capabilities:
    """Return what the database behind a dialect can.

    Raises
    ------
    InvalidInput
        If it is of a kind that this project does not know.
    """
    found = _BY_DIALECT.get(dialect.name)
    if found is None:
        titles = ", ".join(known.title for known in KINDS.values())
        raise InvalidInput(
            f"CRISPML_DATABASE__URL names a kind of database that is none of {titles}"
        )
    return found
