"""Method 7 for very many records, as a run: checked as a whole, then scored chunk by chunk.

A batch goes on where it stopped, so what is checked, planned, committed and written has an order
that survives a kill. How a file or a query is read, and where chunks lie, belongs to the adapters.
"""
