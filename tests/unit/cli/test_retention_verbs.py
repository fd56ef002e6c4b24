"""Retention on the command line."""

from __future__ import annotations

import json

RETENTION = "/api/v1/retention"


def outcome(rows, *, complete=True, dry_run=False):
    rule = {
        "table": "labels",
        "use_case": None,
        "days": 30,
        "cutoff": "2026-01-01T00:00:00Z",
        "rows": rows,
        "complete": complete,
    }
    return {"dry_run": dry_run, "complete": complete, "rules": [rule]}


def test_the_rules_are_shown_and_nothing_is_deleted(crispml_cli, services):
    services.on("GET", RETENTION, outcome(7, complete=False, dry_run=True))

    for verb in ([], ["run", "--dry-run"]):
        shown = crispml_cli("retention", *verb).stdout
        assert "labels" in shown
        assert "rows to delete" in shown
    assert {request.method for request in services.requests} == {"GET"}


def test_it_asks_until_all_is_gone_and_tells_the_sum(crispml_cli, services):
    services.on("POST", RETENTION, outcome(5000, complete=False), outcome(12))

    told = json.loads(crispml_cli("retention", "run", "--json").stdout)

    assert told["complete"] is True
    assert [rule["rows"] for rule in told["rules"]] == [5012]
    assert len(services.requests) == 2
