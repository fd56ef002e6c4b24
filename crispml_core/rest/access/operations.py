"""What each route asks of its caller, by the name of the route: the one table.

``docs/access.md`` is written from it, and a test walks every route of every service with every
role. A route that is missing here is refused to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from crispml_core.governance.access import Permission


class Audit(StrEnum):
    """Why a request leaves an entry in the audit log."""

    CHANGE = "change"
    """It changes something."""
    PERSONAL = "personal"
    """It reads personal data."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What one route asks of its caller.

    Parameters
    ----------
    permission : Permission or None
        None is open to everybody, with and without a credential.
    audit : Audit or None
    known : bool
        Whether any caller who is known may ask, whatever their roles.
    """

    permission: Permission | None
    audit: Audit | None = None
    known: bool = False


_OPEN = Operation(None)
_KNOWN = Operation(None, known=True)


def _needs(permission: Permission, *names: str, audit: Audit | None = None) -> dict[str, Operation]:
    return dict.fromkeys(names, Operation(permission, audit))


OPERATIONS: Mapping[str, Operation] = {
    # Probes and what describes the product itself; none of it tells anything of the data.
    **dict.fromkeys(
        (
            "livez",
            "readyz",
            "startupz",
            "version",
            "metrics",
            "ping",
            "server_metadata",
            "server_live",
            "server_ready",
            "model_ready",
            "version_model_ready",
            "custom_swagger_ui_html",
            "swagger_ui_redirect",
            "redoc_html",
        ),
        _OPEN,
    ),
    "whoami": _KNOWN,
    **_needs(
        Permission.DESCRIBE,
        "list_use_cases",
        "get_use_case",
        "list_models",
        "get_model",
        "list_aliases",
        "get_alias",
        "model_metadata",
        "version_model_metadata",
        "repository_index",
        "unknown_method",
    ),
    **_needs(
        Permission.READ,
        "list_versions",
        "get_version",
        "get_card",
        "get_version_approval",
        "get_alias_history",
        "list_datasets",
        "get_dataset",
        "get_privacy_report",
        "list_notes",
        "list_runs",
        "get_run",
        "get_run_events",
        "list_reports",
        "get_report",
        "drift",
        "get_challenge",
        "get_lineage",
        "list_events",
        "list_evaluations",
        "get_evaluation",
        "list_alerts",
        "list_deliveries",
        "list_actions",
        "list_approval_requests",
        "get_approval_request",
        "list_verdicts",
        "get_signature",
        "list_approvals",
        "list_bundles",
        "monitor_dry_run",
    ),
    **_needs(Permission.READ_DATA, "get_rows", "get_content", "diff", audit=Audit.PERSONAL),
    **_needs(
        Permission.READ_RECORDS,
        "list_scores",
        "get_score",
        "list_labels",
        "get_dossier",
        audit=Audit.PERSONAL,
    ),
    # Scores are no entries of the audit log: it anchors the chains that they are in.
    **_needs(Permission.SCORE, "new_data_score", "infer", "version_infer", "invocations"),
    **_needs(Permission.LABEL, "new_data_label", audit=Audit.CHANGE),
    **_needs(Permission.VERIFY, "new_data_report", "new_replay", "monitor", audit=Audit.CHANGE),
    **_needs(
        Permission.TRAIN,
        "data_ingestion",
        "data_preparation",
        "data_curation",
        "model_training",
        "model_report",
        "model_persist",
        "cycle",
        "reproduce",
        "cancel_run",
        "patch_dataset",
        "judge_version",
        "acknowledge_alert",
        audit=Audit.CHANGE,
    ),
    **_needs(Permission.MOVE_ALIAS, "put_alias", "delete_alias", audit=Audit.CHANGE),
    **_needs(
        Permission.APPROVE,
        # It vouches for bytes that nobody vouched for before, also towards other environments.
        "sign_version",
        "answer_approval_request",
        "decide_version",
        "break_glass",
        audit=Audit.CHANGE,
    ),
    **_needs(Permission.CARRY, "get_bundle", "post_bundle", audit=Audit.CHANGE),
    **_needs(Permission.MANAGE_KEYS, "list_api_keys"),
    **_needs(Permission.MANAGE_KEYS, "new_api_key", "revoke_api_key", audit=Audit.CHANGE),
    **_needs(Permission.PRIVACY, "get_subject", audit=Audit.PERSONAL),
    **_needs(Permission.PRIVACY, "erase_subject", audit=Audit.CHANGE),
    # Who reads what others did is written down too.
    **_needs(
        Permission.AUDIT,
        "list_audit_entries",
        "list_audit_heads",
        "verify_audit",
        audit=Audit.PERSONAL,
    ),
    **_needs(Permission.AUDIT, "seal_audit", audit=Audit.CHANGE),
    **_needs(Permission.RETAIN, "get_retention"),
    **_needs(Permission.RETAIN, "follow_retention", audit=Audit.CHANGE),
}
