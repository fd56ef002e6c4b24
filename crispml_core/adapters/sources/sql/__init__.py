"""Rows of a database: a SELECT, or a table with what is declared to be made of it.

`source` reads for DataIngestion, `unlabelled` for scoring, `profile` looks before anything is read.
A declaration becomes one statement: `relations` finds its tables, `declared`, `joined` and
`grouping` build the SELECT, `statement` puts a selection around it, `spelling` has what databases
say differently. `session` opens the read-only transaction and `streaming` gives the rows. Writing
must not enter.
"""
