"""The stores that live in a SQL database, through SQLAlchemy Core.

Runs, alias moves, scores, serving events, labels, reports, counts of drift, what rules decided,
messages, notes about data and verdicts about versions are rows here, beside the migrations that
make their tables. Statements are portable: ids are made by the application, the
database only counts groups of scores, nothing is merged by it, and a race between two writers is
decided by a unique constraint. What only one kind of database needs has a file of its own, and
`capabilities` names what they differ in. No ORM and no rule of the life cycle may enter.
"""
