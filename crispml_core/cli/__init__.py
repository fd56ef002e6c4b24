"""The ``crispml`` command: one module per verb, or per small group of verbs.

A verb reads its options, calls the client (or a child process) and prints; it decides nothing that
another caller could need. The base install is enough for ``crispml --help`` and for every verb that
talks to a service, so pandas, SQLAlchemy and the rooms that need them are imported inside the few
verbs that use them.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from crispml_core.cli.root import crispml

    crispml(prog_name="crispml")
