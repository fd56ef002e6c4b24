"""The journals of a process: on a volume of its machine, or on one that machines share."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from crispml_core.adapters.journal import FileJournals, SharedJournals
from crispml_core.adapters.sql.journal_leases import SqlJournalLeases
from crispml_core.domain.errors import CrispMLError
from crispml_core.ports.journal import Journals
from crispml_core.settings import CrispMLSettings


def open_journals(
    settings: CrispMLSettings, engine: Engine, on_error: Callable[[str, CrispMLError], None]
) -> Journals:
    """Return the journals that the settings name.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Leases are renewed through it; it must not keep them waiting.
    on_error : callable
        Told that a lease could not be renewed, and why.
    """
    journal = settings.journal
    if not journal.owner:
        return FileJournals(journal.path)
    return SharedJournals(
        journal.path,
        journal.owner,
        SqlJournalLeases(engine),
        lease_s=journal.lease_s,
        on_error=lambda error: on_error("lease", error),
    )
