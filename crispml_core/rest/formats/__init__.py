"""Bodies of records and answers of scores, as bytes: JSON, NDJSON, CSV, Parquet, Arrow stream.

Pure conversions between bytes and batches or scores. They know media types and encodings as plain
values, and no framework, no route and no model. pyarrow is imported where it is used, because a
process that answers single records must stay small.
"""
