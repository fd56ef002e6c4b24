"""The audit log at work: entries are written together, tables are sealed, heads are signed.

`recorder` takes entries from many threads and appends them in few transactions, `keeper` seals and
signs from time to time, `verification` reads everything again. What makes a chain valid is in
``governance.audit_chain`` and ``governance.audit_seals``.
"""
