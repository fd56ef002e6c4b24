"""The scoring path: loaded versions, the writer of the ledger, and what follows an answer.

Whatever one record passes through on its way to a durable score lives here, as small parts with one
purpose each; and what is done with it afterwards: shadow scores, counts of drift, replays. HTTP
belongs to ``rest`` and the services, SQL and files to ``adapters``.
"""
