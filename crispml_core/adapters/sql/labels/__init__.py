"""The labels: imports as columns in one transaction, with a verdict for each row.

`store` is the store; the others are the steps of an import.
"""
