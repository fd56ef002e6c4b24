"""Rows that grew too old: how those of each table are found and deleted, and what stays of them."""
