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
from sqlalchemy import Column, Table, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import AddConstraint
from sqlalchemy.sql.compiler import DDLCompiler

if TYPE_CHECKING:
    from crispml_core.adapters.sql.databases.db2 import Db2Dialect

_DIALECT = "ibm_db_sa"


class Db2Impl(DefaultImpl):
    """The operations of a migration on Db2; a transaction takes all of them back, but see below.

    After a column is dropped Db2 lets nobody write to the table until it is reorganised, and that
    commits. So going back is not one transaction on Db2; going forward never drops a column.
    """

    __dialect__ = _DIALECT
    transactional_ddl = True

    def create_table(self, table: Table, **kw: Any) -> None:
        """Make a table, and an index for each unique key that may be null."""
        super().create_table(table, **kw)
        for key in cast("Db2Dialect", self.dialect).keys_as_indexes(table):
            self._exec(AddConstraint(key, isolate_from_table=False))

    def drop_column(self, table_name: str, column: Column[Any], **kw: Any) -> None:
        """Drop a column, and let the table be written to again."""
        super().drop_column(table_name, column, **kw)
        if cast("Db2Dialect", self.dialect).is_luw:
            name = self.dialect.identifier_preparer.quote(table_name)
            self._exec(text(f"CALL SYSPROC.ADMIN_CMD('REORG TABLE {name}')"))


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
