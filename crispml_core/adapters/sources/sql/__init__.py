"""Rows of a database: a SELECT, or a table with what is declared to be made of it.

`SqlRecordSource` reads for DataIngestion, `UnlabelledSqlSource` for scoring, `ColumnProfiler` looks
before anything is read. A declaration becomes one statement: `relations` finds its tables, `joined`
and `statement` build it, `spelling` has what databases say differently, `session` opens the
read-only transaction and `cursor` or `copying` stream the rows. Writing must not enter.
"""
