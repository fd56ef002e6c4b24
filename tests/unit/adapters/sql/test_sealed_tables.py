"""No table is left out of the audit by having been forgotten."""

from __future__ import annotations

import pytest

from crispml_core.adapters.sql.audit.sealed_tables import SEALED
from crispml_core.adapters.sql.schema.tables import metadata

# Why nothing vouches for its rows by a seal. A new table is sealed, or has its reason here.
NOT_SEALED = {
    "audit_entries": "it is the chain itself",
    "audit_seals": "their digests are in the chain",
    "score_rows": "the root of their group is sealed, see test_score_chains.py",
    "early_score_ids": "an index of ids that scores had before revision 3",
    "score_keys": "an index over score_rows, made again from them",
    "unindexed_groups": "work to be done, deleted when it is",
    "uncounted_groups": "work to be done, deleted when it is",
    "drift_counts": "sums that grow, made of scores",
    "journal_leases": "work to be done: who writes a journal; deleted with the journal",
    "deliveries": "work to be done: a message and how it fares",
    "runs": "states that change until a run ends; what it made is signed or sealed",
    "subject_keys": "keys that end; the end of each is a row of erasures",
}
# Columns of sealed tables that may change, and why that is right.
MAY_CHANGE = {
    "alerts": {"state", "firing_key", "last_seen", "resolved_at"},
    "api_keys": {"current_name"},
    "label_imports": {"idempotency_digest", "fingerprint"},
    "labels": {"current_subject", "superseded_by", "superseded_at"},
    "reports": {"idempotency_digest", "fingerprint"},
    # Inputs and digests of rows are in the root; the others are forgotten after a while.
    "score_groups": {
        "row_digests",
        "inputs",
        "idempotency_key",
        "idempotency_digest",
        "fingerprint",
    },
    "trigger_actions": {"status", "run_id", "version", "detail"},
    "version_health": {"idempotency_digest", "fingerprint"},
}


def test_a_table_is_sealed_or_there_is_a_reason_why_not():
    sealed = {one.table.name for one in SEALED.values()}

    assert set(metadata.tables) - sealed == set(NOT_SEALED)


@pytest.mark.parametrize("name", sorted({one.table.name for one in SEALED.values()}))
def test_a_column_is_sealed_or_known_to_change(name):
    parts = [one for one in SEALED.values() if one.table.name == name]
    sealed = {column.name for part in parts for column in part.columns}

    assert {column.name for column in parts[0].table.columns} - sealed == MAY_CHANGE.get(
        name, set()
    )
