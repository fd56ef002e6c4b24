"""Alembic's environment and the revisions of the database.

A revision is one file in ``versions``, named by its number and what it does, and never changes once
it was released. It spells its tables out and imports nothing of ``tables``: that module follows the
newest release, a revision stays where it was.
"""
