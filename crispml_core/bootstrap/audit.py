"""What writes, keeps and verifies the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import Engine

from crispml_core.adapters.signing import TrustedKeys
from crispml_core.adapters.sql.audit.log import SqlAuditLog
from crispml_core.adapters.sql.audit.seals import SqlSeals
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema.revision import check_revision
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.pipelines.audit.keeper import AuditKeeper
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.pipelines.audit.score_chains import ScoreChains
from crispml_core.pipelines.audit.verification import Verification
from crispml_core.ports.signer import Signer, Verifier
from crispml_core.settings import CrispMLSettings


def build_recorder(settings: CrispMLSettings, engine: Engine) -> AuditRecorder:
    """Return what takes the entries of a process."""
    log = structlog.get_logger("crispml.audit")
    return AuditRecorder(
        SqlAuditLog(engine),
        settings.environment,
        on_failure=lambda message: log.error("audit_not_written", error=message),
    )


def build_keeper(settings: CrispMLSettings, engine: Engine, signer: Signer | None) -> AuditKeeper:
    """Return what seals tables and signs heads."""
    return AuditKeeper(
        SqlAuditLog(engine),
        SqlSeals(engine),
        environment=settings.environment,
        signer=signer,
        interval_s=settings.audit.interval_s,
    )


def build_verification(engine: Engine, verifier: Verifier | None) -> Verification:
    """Return what verifies the log of a database, and all that it vouches for."""
    # Only this needs it, and what only scores starts without.
    from crispml_core.adapters.sql.retention.store import SqlRetentionStore

    seals, retention = SqlSeals(engine), SqlRetentionStore(engine)
    return Verification(
        SqlAuditLog(engine),
        seals,
        retention,
        chains=ScoreChains(seals, SqlScoreLedger(engine), retention),
        verifier=verifier,
    )


@contextmanager
def open_verification(url: str, trusted: Path | None) -> Iterator[Verification]:
    """Open a database for an auditor who asks no service.

    Parameters
    ----------
    trusted : Path or None
        Folder with the public keys that signed heads are verified with; None verifies none.

    Raises
    ------
    InvalidInput
        If the URL is none, or its driver is not installed.
    NotReady
        If the database has not the tables of this release.
    StoreUnavailable
        If it does not answer.
    """
    engine = make_engine(url)
    try:
        check_revision(engine)
        yield build_verification(engine, None if trusted is None else TrustedKeys(trusted))
    finally:
        engine.dispose()
