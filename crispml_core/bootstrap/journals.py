"""The journals of a process: on a volume of its machine, or on one that machines share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from crispml_core.adapters.journal import FileJournals, SharedJournals
from crispml_core.adapters.journal.shared_folder import journals_below
from crispml_core.adapters.sql.journal_leases import SqlJournalLeases
from crispml_core.adapters.sql.schema.revision import check_revision
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.bootstrap.database import open_database
from crispml_core.domain.errors import CrispMLError
from crispml_core.ports.journal import Journals
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.settings import CrispMLSettings

_LOOK_AGAIN_S = 0.1


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


def list_journals(settings: CrispMLSettings) -> list[dict[str, Any]]:
    """Return what lies on the volume of the journals: which journal, and how many bytes."""
    folder = settings.journal.path
    return [
        {"journal": str(path.relative_to(folder)), "bytes": path.stat().st_size}
        for path in journals_below(folder)
    ]


def drain_journals(settings: CrispMLSettings, within_s: float) -> list[dict[str, Any]]:
    """Bring the journals of processes that are gone into the database; return what is left.

    Raises
    ------
    NotReady, StoreUnavailable
        If this release cannot work with the database.
    """
    engine = open_database(settings, "journal")
    try:
        check_revision(engine)
        until = time.monotonic() + within_s
        durable = DurableLedger(
            SqlScoreLedger(engine),
            open_journals(settings, engine, lambda what, error: None),
            retry_s=_LOOK_AGAIN_S,
        )
        try:
            # One is the empty journal of this process.
            while len(list_journals(settings)) > 1 and time.monotonic() < until:
                time.sleep(_LOOK_AGAIN_S)
        finally:
            durable.close()
    finally:
        engine.dispose()
    return list_journals(settings)
