"""The scoring path: loaded model versions, the cache of them, and the writer of the ledger.

Whatever one record passes through on its way to a durable score lives here, as small parts with one
purpose each. HTTP belongs to ``rest`` and the services, SQL and files to ``adapters``.
"""
