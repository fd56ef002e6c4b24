"""The SQL of Db2 for Linux, UNIX and Windows, where `ibm_db_sa` writes another.

Names
    Db2 keeps names in capitals. `ibm_db_sa` puts quotes around a word such as `version` as it is,
    so that one column of a table has a name in small letters and can be reached with quotes only.
    Here the quotes are around capitals: ``version``, ``VERSION`` and ``"VERSION"`` are the same.
Lengths
    ``VARCHAR`` counts bytes, and a character has up to four of them in UTF-8. A text of people gets
    four bytes for each character, so that what SQLite and PostgreSQL take fits here too. Names, ids
    and digests are ASCII (`crispml_core.domain.identifiers`), and none is longer than 128.
    ``CODEUNITS32`` would count characters, but makes keys no shorter, and no server other than Db2
    takes it.
Large objects
    ``CLOB`` and ``BLOB`` without a length hold one MiB. What lies outside of its row is read and
    written past the buffer pool, so what is small lies inside (``INLINE LENGTH``). For each text
    the driver clears a buffer of the declared length, so a column is as long as its texts need
    (`SizedText`).
Unique keys
    A unique key of Db2 takes no column that may be null; a unique index does, and leaves rows out
    whose key is null (``EXCLUDE NULL KEYS``).
"""

from __future__ import annotations

from typing import Any

from ibm_db_sa.base import RESERVED_WORDS, DB2Compiler, DB2DDLCompiler, DB2TypeCompiler
from sqlalchemy import Constraint, UniqueConstraint
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.compiler import DDLCompiler, IdentifierPreparer, SQLCompiler

from crispml_core.adapters.sql.schema.types import LONG_TEXT, SizedText

BYTES_OF_CHARACTER = 4
ASCII_UP_TO = 128
TEXT_BYTES = LONG_TEXT
BLOB_BYTES = 256 * 1024 * 1024
INLINE_BYTES = 4000
_RESERVED = frozenset(RESERVED_WORDS)


class Db2Names(IdentifierPreparer):
    """How a name is written: in quotes and capitals if it is a word of the language."""

    reserved_words: set[str] = set()  # noqa: RUF012 # `quote` knows them
    illegal_initial_characters: set[str] = {*"0123456789", "_", "$"}  # noqa: RUF012

    def quote(self, ident: str, force: Any = None) -> str:
        """Return a name as SQL; a name that asks for quotes keeps its letters."""
        if ident in _RESERVED and getattr(ident, "quote", None) is None:
            return self.quote_identifier(ident.upper())
        return super().quote(ident, force)


class Db2Types(DB2TypeCompiler):  # type: ignore[misc] # no types
    """The types of columns."""

    def visit_string(self, type_: Any, **kw: Any) -> str:
        """Give room for characters, where there may be others than those of ASCII."""
        if type_.length is None:
            raise CompileError("a text needs a length on Db2")
        wide = type_.length > ASCII_UP_TO
        return f"VARCHAR({type_.length * (BYTES_OF_CHARACTER if wide else 1)})"

    def visit_CLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        """Name the length; Db2 would take one MiB."""
        most = type_.most_bytes if isinstance(type_, SizedText) else TEXT_BYTES
        return f"CLOB({type_.length or most})"

    def visit_BLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        """Keep what is small in its row."""
        written = f"BLOB({type_.length or BLOB_BYTES})"
        is_column = kw.get("type_expression") is not None
        inlined = self.dialect.is_luw and is_column
        return f"{written} INLINE LENGTH {INLINE_BYTES}" if inlined else written


class Db2Statements(DB2Compiler):  # type: ignore[misc] # no types
    """Queries and changes of rows."""

    # Past a rewriting for versions of Db2 that have no OFFSET.
    visit_select = SQLCompiler.visit_select

    def limit_clause(self, select: Any, **kw: Any) -> str:
        """Write the offset in full where it stands alone, which LIMIT is the short form for."""
        text: str = super().limit_clause(select, **kw)
        return f"{text} ROWS" if text and select._limit_clause is None else text

    def visit_extract(self, extract: Any, **kw: Any) -> str:
        """Ask for a part of a moment by its name, as every version of Db2 can."""
        return f"{extract.field.upper()}({self.process(extract.expr, **kw)})"

    def for_update_clause(self, select: Any, **kw: Any) -> str:
        """Lock the rows that are read until the end of the transaction."""
        asked: Any = select._for_update_arg
        if asked.nowait or asked.skip_locked or asked.of:
            raise CompileError("Db2 locks the rows of a query, and waits for them")
        return f" WITH RS USE AND KEEP {'SHARE' if asked.read else 'UPDATE'} LOCKS"


class Db2Tables(DB2DDLCompiler):  # type: ignore[misc] # no types
    """What makes and changes tables; past `ibm_db_sa`, which changes a table while it writes it."""

    create_table_constraints = DDLCompiler.create_table_constraints

    def visit_unique_constraint(self, constraint: Any, **kw: Any) -> str | None:
        """Leave out a key that an index has to be made for."""
        if self.dialect.is_luw and is_nullable_key(constraint):
            return None
        return DDLCompiler.visit_unique_constraint(self, constraint, **kw)

    def visit_add_constraint(self, create: Any, **kw: Any) -> str:
        """Make the index in place of a key that may be null."""
        key, names = create.element, self.preparer
        if not (self.dialect.is_luw and is_nullable_key(key)):
            written: str = DDLCompiler.visit_add_constraint(self, create, **kw)  # type: ignore[no-untyped-call]
            return written
        columns = ", ".join(names.quote(column.name) for column in key.columns)
        return (
            f"CREATE UNIQUE INDEX {names.format_constraint(key)} "
            f"ON {names.format_table(key.table)} ({columns}) EXCLUDE NULL KEYS"
        )


def is_nullable_key(constraint: Constraint) -> bool:
    """Return whether this is a unique key that may be null."""
    return isinstance(constraint, UniqueConstraint) and any(c.nullable for c in constraint.columns)
