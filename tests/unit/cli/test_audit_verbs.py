"""The audit log on the command line."""

from __future__ import annotations

import json

import httpx
import pytest
from sqlalchemy import insert, text

from crispml_core.adapters.sql.audit.log import SqlAuditLog
from crispml_core.adapters.sql.audit.seals import SqlSeals
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import alias_events
from crispml_core.domain.audit import AuditEvent
from crispml_core.domain.identifiers import utc_now
from crispml_core.pipelines.audit.keeper import AuditKeeper

AUDIT = "/api/v1/audit"


def lines(*found):
    text = "".join(json.dumps(one) + "\n" for one in found)
    return httpx.Response(200, text=text, headers={"Content-Type": "application/x-ndjson"})


def checked(what, **facts):
    none = {"rows": 3, "pruned": 0, "unsealed": 0, "where": None, "fault": None}
    return {"what": what, **none, **facts}


def test_a_verification_of_the_service_shows_each_table(crispml_cli, services):
    verdict = {"valid": True, "error": None}
    services.on(
        "GET",
        f"{AUDIT}/verification",
        lines(checked("audit_entries"), checked("labels", unsealed=2), verdict),
    )
    shown = crispml_cli("audit", "verify", "--head", "3:" + "a" * 64)
    assert shown.exit_code == 0, shown.output
    assert "labels" in shown.stdout
    assert services.requests[-1].url.params["head"] == "3:" + "a" * 64


def test_a_fault_is_named_and_the_exit_code_is_one(crispml_cli, services):
    found = checked("labels", where="labels 17", fault="it was altered")
    services.on("GET", f"{AUDIT}/verification", lines(found, {"valid": False, "error": None}))
    shown = crispml_cli("audit", "verify", "--json")
    assert shown.exit_code == 1
    assert "labels 17: it was altered" in shown.stderr
    assert json.loads(shown.stdout)["valid"] is False


@pytest.mark.parametrize(
    "answer",
    [
        lines(checked("labels")),
        lines(checked("labels"), {"valid": None, "error": "the database does not answer"}),
    ],
)
def test_a_verification_without_a_verdict_is_a_failure(crispml_cli, services, answer):
    services.on("GET", f"{AUDIT}/verification", answer)
    shown = crispml_cli("audit", "verify")
    assert shown.exit_code == 1
    assert "database" in shown.stderr or "last line" in shown.stderr


def test_entries_are_printed_as_lines_of_json(crispml_cli, services):
    entries = [{"sequence": n, "actor": "key:ann"} for n in (1, 2)]
    services.on("GET", f"{AUDIT}/entries", {"items": entries, "next_cursor": None})
    shown = crispml_cli("audit", "export", "--actor", "key:ann", "--start", "2026-01-01")
    assert [json.loads(line) for line in shown.stdout.splitlines()] == entries
    asked = services.requests[-1].url.params
    assert (asked["actor"], asked["start"]) == ("key:ann", "2026-01-01T00:00:00+00:00")


def test_a_broken_chain_is_said_when_it_is_to_be_sealed(crispml_cli, services):
    done = {"rows": 0, "head": None, "where": "audit_entries 4", "fault": "it is missing"}
    services.on("POST", f"{AUDIT}/seals", done)
    shown = crispml_cli("audit", "seal")
    assert shown.exit_code == 1
    assert "audit_entries 4: it is missing" in shown.stderr


def test_heads_that_are_none_are_refused(crispml_cli):
    assert crispml_cli("audit", "verify", "--head", "x").exit_code == 2


def test_a_database_is_verified_without_a_service(crispml_cli, services, tmp_path):
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    migrate.upgrade(url)
    engine = make_engine(url)
    log = SqlAuditLog(engine)
    log.append([AuditEvent(actor="key:ann", action="put_alias")])
    row = {"model": "m", "sequence": 1, "alias": "champion", "version": "v1", "moved_by": "ann"}
    with engine.begin() as connection:
        connection.execute(insert(alias_events).values(**row, reason="", moved_at=utc_now()))
    AuditKeeper(log, SqlSeals(engine), environment="qa").seal()

    good = crispml_cli("audit", "verify", "--database-url", url, "--json")
    assert good.exit_code == 0, good.output
    assert json.loads(good.stdout)["valid"] is True

    with engine.begin() as connection:
        connection.execute(text("UPDATE alias_events SET version = 'v2'"))
    engine.dispose()
    bad = crispml_cli("audit", "verify", "--database-url", url)
    assert bad.exit_code == 1
    assert "alias_events m/1: it was altered" in bad.stderr
    assert services.requests == [], "no service was asked"
