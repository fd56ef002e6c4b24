"""Read-only routes that both services offer, one file per resource.

A router here reads `Parts` from the app and answers with domain values. What creates, moves or
removes something belongs to the service that may do it.
"""
