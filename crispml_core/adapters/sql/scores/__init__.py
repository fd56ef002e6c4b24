"""The ledger of scores: appending groups, finding scores, and the index that follows.

`ledger` is the store; the others are its parts. What one kind of database appends faster in a way
of its own has a file of its own.
"""
