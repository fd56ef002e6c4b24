"""Who asks, and may they: credentials, the keys of a process, and what each route wants.

Every route of a service is a `GuardedRoute`. It looks its operation up in `operations`, the one
table, before anything of the request is read; what is not in the table is refused.
"""
