"""The audit log over REST: entries, heads, verification and seals."""

from __future__ import annotations

import json

import pytest

from crispml_core.domain.audit import AuditEvent, AuditHead
from crispml_core.domain.errors import StoreUnavailable

AUDIT = "/api/v1/audit"


@pytest.fixture
def entries(training):
    """Five entries."""
    log = training.parts.audit.log
    return log.append(
        [
            AuditEvent(actor=f"key:{'ab'[n % 2]}", action="put_alias", use_case="toy")
            for n in range(5)
        ]
    )


def lines(response):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def test_entries_come_in_pages_in_the_order_of_the_chain(training, entries):
    first = training.client.get(f"{AUDIT}/entries?limit=3").json()
    assert first["items"] == [entry.to_dict() for entry in entries[:3]]
    rest = training.client.get(
        f"{AUDIT}/entries", params={"limit": 2, "cursor": first["next_cursor"]}
    ).json()
    assert rest["items"] == [entry.to_dict() for entry in entries[3:]]


def test_entries_are_found_by_who_and_when(training, entries):
    found = training.client.get(f"{AUDIT}/entries?actor=key:a&use_case=toy").json()["items"]
    assert [entry["sequence"] for entry in found] == [1, 3, 5]
    none = training.client.get(f"{AUDIT}/entries?end=2020-01-01T00:00:00Z").json()
    assert none == {"items": [], "next_cursor": None}


def test_whoever_reads_the_log_is_in_it(training, entries):
    training.client.get(f"{AUDIT}/entries?actor=key:a")
    last = training.parts.audit.log.kept[-1].event
    assert (last.action, last.outcome, last.detail) == (
        "list_audit_entries",
        "200",
        {"query": ["actor"]},
    )


def test_a_cursor_of_another_list_is_refused(training):
    answer = training.client.get(f"{AUDIT}/entries?cursor=YWJj")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_a_verification_tells_table_by_table_and_ends_with_a_verdict(training, entries):
    training.client.post(f"{AUDIT}/seals")
    found = lines(training.client.get(f"{AUDIT}/verification"))
    assert [(one["what"], one["fault"]) for one in found[:-1]] == [
        ("audit_entries", None),
        ("audit_heads.signature", None),
        ("labels", None),
    ]
    assert found[2]["rows"] == 2
    assert found[-1] == {"valid": True, "error": None}


def test_a_verification_names_the_row_that_was_altered_and_the_one_that_is_missing(training):
    training.client.post(f"{AUDIT}/seals")
    rows = training.parts.keeper._seals.rows["labels"]
    rows['["b"]'] = bytes(31) + b"x"
    *_, labels, verdict = lines(training.client.get(f"{AUDIT}/verification"))
    assert (labels["where"], labels["fault"]) == ("labels b", "it was altered")
    assert verdict["valid"] is False

    del rows['["a"]']
    *_, labels, _ = lines(training.client.get(f"{AUDIT}/verification"))
    assert (labels["where"], labels["fault"]) == ("labels a", "it is missing")


def test_a_head_that_was_kept_elsewhere_is_compared(training, entries):
    head = AuditHead(5, entries[4].digest)
    text = f"{head.sequence}:{head.digest.hex()}"
    assert lines(training.client.get(f"{AUDIT}/verification?head={text}"))[-1]["valid"]
    other = f"5:{'0' * 64}"
    chain, *_, verdict = lines(
        training.client.get(f"{AUDIT}/verification?head={text}&head=4:{'0' * 64}&head={other}")
    )
    assert chain["where"] == "audit_entries 4"
    assert verdict["valid"] is False
    assert training.client.get(f"{AUDIT}/verification?head=x").status_code == 422


def test_a_store_that_goes_away_meanwhile_leaves_no_verdict(training, monkeypatch):
    def away(*_):
        raise StoreUnavailable("the database does not answer")

    monkeypatch.setattr(training.parts.keeper._seals, "seals", away)
    *_, last = lines(training.client.get(f"{AUDIT}/verification"))
    assert last == {"valid": None, "error": "the database does not answer"}
    # And the next one may begin.
    assert training.client.get(f"{AUDIT}/verification").status_code == 200


def test_sealing_says_what_it_did(training):
    done = training.client.post(f"{AUDIT}/seals").json()
    assert done == {"rows": 2, "head": None, "where": None, "fault": None}
    assert training.client.post(f"{AUDIT}/seals").json()["rows"] == 0
    actors = {e.event.actor for e in training.parts.audit.log.kept if e.event.action == "seal"}
    assert actors == {"anonymous"}
