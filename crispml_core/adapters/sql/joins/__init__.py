"""Scores joined to the label that is true for each, as columns, as of any moment.

Pure queries on an open connection. Nothing is stored here.
"""
