"""Arrow and pandas views of the record schema: checks, digests, profiles, splits, derived columns.

``domain`` says what a record is; this room says it for whole tables. Only pure functions and small
accumulators over Arrow batches and pandas frames may enter. Nothing here opens a file or a
connection, knows a method or fits a model.
"""
