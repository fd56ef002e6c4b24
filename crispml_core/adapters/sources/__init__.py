"""Readers of raw records: CSV and Parquet files, SQL queries, the own class of a use case.

Each implements ``ports.source.RecordSource``: it streams batches of bounded size with the names and
types of the source, and applies a selection as near to the data as it can. `build_source` is the
only door. Checking records belongs to ``tables.conform``; writing anything must not enter.
"""

from crispml_core.adapters.sources.factory import build_source

__all__ = ["build_source"]
