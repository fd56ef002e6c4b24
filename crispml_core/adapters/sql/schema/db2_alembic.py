"""How migrations change tables on Db2, which neither Alembic nor `ibm_db_sa` knows.

Importing this module is enough; ``migrations/env.py`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from alembic.ddl.base import (
    ColumnName,
    ColumnType,
    DropColumn,
    RenameTable,
    alter_table,
    format_type,
)
from alembic.ddl.impl import DefaultImpl
from sqlalchemy import BLOB, CLOB, Column, LargeBinary, Table, Text, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import AddConstraint
from sqlalchemy.sql.compiler import DDLCompiler

if TYPE_CHECKING:
    from crispml_core.adapters.sql.databases.db2 import Db2Dialect

_DIALECT = "ibm_db_sa"
_DROPS_AT_ONCE = 3  # Db2 refuses the fourth before the table is reorganised


class Db2Impl(DefaultImpl):
    """The operations of a migration on Db2; a transaction takes all of them back, but see below.

    After columns are dropped Db2 lets nobody write to the table until it is reorganised, and that
    commits. So going back is not one transaction on Db2; going forward never drops a column.
    """

    __dialect__ = _DIALECT
    transactional_ddl = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cut: list[str] = []

    @property
    def _db2(self) -> Db2Dialect:
        return cast("Db2Dialect", self.dialect)

    def emit_begin(self) -> None:
        """Begin nothing in a script: every statement does."""

    def create_table(self, table: Table, **kw: Any) -> None:
        """Make a table, and an index for each unique key that may be null."""
        super().create_table(table, **kw)
        for key in self._db2.keys_as_indexes(table):
            self._exec(AddConstraint(key, isolate_from_table=False))

    def compare_type(self, inspector_column: Column[Any], metadata_column: Column[Any]) -> bool:
        """Return whether a column has another type; lengths of large objects are not read."""
        kind = getattr(metadata_column.type, "impl_instance", metadata_column.type)
        found = inspector_column.type
        if isinstance(found, CLOB) and isinstance(kind, Text):
            return False
        if isinstance(found, BLOB) and isinstance(kind, LargeBinary):
            return False
        return super().compare_type(inspector_column, metadata_column)

    def _exec(self, construct: Any, *arguments: Any, **options: Any) -> Any:
        """Reorganise a table whose columns were dropped before anything else is done."""
        cut, cuts_on = self._cut, isinstance(construct, DropColumn)
        if cut and (not cuts_on or construct.table_name != cut[0] or len(cut) == _DROPS_AT_ONCE):
            self._cut = []
            super()._exec(text(f"CALL SYSPROC.ADMIN_CMD('REORG TABLE {self._full_name(cut[0])}')"))
        if cuts_on and self._db2.is_luw:
            self._cut.append(construct.table_name)
        return super()._exec(construct, *arguments, **options)

    def _full_name(self, table: str) -> str:
        schema = self._db2.default_schema_name
        names = (schema, table) if schema else (table,)
        return ".".join(map(self._db2.identifier_preparer.quote, names))


@compiles(DropColumn, _DIALECT)  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
def _drop_column(element: DropColumn, compiler: DDLCompiler, **_kw: Any) -> str:
    # Unless told, Db2 drops with the column what others have built on it.
    column = compiler.preparer.quote(element.column.name)
    return (
        f"{alter_table(compiler, element.table_name, element.schema)} DROP COLUMN {column} RESTRICT"
    )


@compiles(ColumnType, _DIALECT)  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
def _set_type(element: ColumnType, compiler: DDLCompiler, **_kw: Any) -> str:
    column = compiler.preparer.quote(element.column_name)
    return (
        f"{alter_table(compiler, element.table_name, element.schema)} ALTER COLUMN {column} "
        f"SET DATA TYPE {format_type(compiler, element.type_)}"
    )


@compiles(ColumnName, _DIALECT)  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
def _rename_column(element: ColumnName, compiler: DDLCompiler, **_kw: Any) -> str:
    old, new = (compiler.preparer.quote(n) for n in (element.column_name, element.newname))
    return (
        f"{alter_table(compiler, element.table_name, element.schema)} RENAME COLUMN {old} TO {new}"
    )


@compiles(RenameTable, _DIALECT)  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
def _rename_table(element: RenameTable, compiler: DDLCompiler, **_kw: Any) -> str:
    names = (compiler.preparer.quote(n) for n in (element.table_name, element.new_table_name))
    return "RENAME TABLE {} TO {}".format(*names)
