"""The audit log in a SQL database: the chain of entries, and seals over append-only tables.

`log` has the chain, `seals` the digests of rows of other tables, `sealed_tables` says which tables
and which of their columns. What makes a chain valid is in `governance.audit_chain`.
"""
