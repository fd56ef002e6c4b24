"""The stores that live in a SQL database, through SQLAlchemy Core.

A store of one file lies here; the ledger of scores and the labels have rooms of their own
(`scores`, `labels`), and so has what joins them (`joins`). `schema` has the tables and their
migrations, `databases` what SQLite, PostgreSQL and Db2 differ in. Statements are portable: ids are
made by the application, the database only counts groups of scores, nothing is merged by it, and a
race between two writers is decided by a unique constraint. No ORM and no rule of the life cycle may
enter.
"""
