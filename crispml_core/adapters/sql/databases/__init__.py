"""What the kinds of databases need, each in a file of its own, and how a transaction is opened.

A store asks here for an engine, for `reading` and `writing`, and by name for what one kind of
database can and another cannot (`capabilities`). No table of CrispML is known here.
"""
