"""What writes the audit log of a process."""

from __future__ import annotations

import structlog
from sqlalchemy import Engine

from crispml_core.adapters.sql.audit.log import SqlAuditLog
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.settings import CrispMLSettings


def build_recorder(settings: CrispMLSettings, engine: Engine) -> AuditRecorder:
    """Return what takes the entries of a process."""
    log = structlog.get_logger("crispml.audit")
    return AuditRecorder(
        SqlAuditLog(engine),
        settings.environment,
        on_failure=lambda message: log.error("audit_not_written", error=message),
    )
