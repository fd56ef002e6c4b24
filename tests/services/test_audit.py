"""What the services leave in the audit log, and what becomes of requests when it is away."""

from __future__ import annotations

import math
import re

import pytest

from crispml_core.domain.access import Grant, Principal, Role
from crispml_core.domain.audit import AuditQuery
from crispml_core.rest.access.auditing import SHOWN
from crispml_core.rest.access.gate import Gate
from crispml_core.rest.access.operations import OPERATIONS, Audit
from tests.services.service import VERSION
from tests.services.test_scoring import record

# Of these an entry shows only that they were there.
HIDDEN = {"subject"}


def entries(service):
    return [
        (entry.event.action, entry.event.outcome)
        for entry in service.parts.audit.log.entries(AuditQuery(), 1000)
    ]


def newest(service):
    return service.parts.audit.log.entries(AuditQuery(), 1000)[-1].event


def put_alias(service, version=VERSION, **headers):
    return service.client.put(
        "/api/v1/models/toy/aliases/champion",
        json={"version": version, "reason": "new"},
        headers={"X-Request-ID": "r-17", "If-None-Match": "*", **headers},
    )


@pytest.fixture
def version(training, scoring):
    """The version of the scoring service, in training too."""
    training.parts.models.publish(scoring.parts.models.get("toy", VERSION), {})


@pytest.mark.usefixtures("version")
def test_a_change_is_written_down_before_it_happens_and_with_what_came_of_it(training):
    response = put_alias(training)

    assert response.status_code < 300, response.text
    assert entries(training) == [("put_alias", "asked"), ("put_alias", str(response.status_code))]
    asked, done = training.parts.audit.log.entries(AuditQuery(), 10)
    assert asked.event.resource == "model=toy alias=champion"
    assert (asked.event.use_case, asked.event.environment) == ("toy", "dev")
    assert (asked.event.actor, asked.event.request_id) == ("anonymous", "r-17")
    assert asked.event.origin
    assert done.event.detail == {"asked": asked.sequence}


def test_a_change_that_is_refused_by_its_rules_says_so(training):
    response = put_alias(training, "no-such-version")

    assert response.status_code == 404
    assert entries(training) == [("put_alias", "asked"), ("put_alias", "404")]


def test_nothing_is_changed_when_the_log_is_away(training):
    training.parts.audit.log.is_away = True

    response = put_alias(training)

    assert response.status_code == 503
    assert response.json()["code"] == "store_unavailable"
    assert training.parts.aliases.current("toy", "champion") is None
    assert training.parts.audit.failed == 1


@pytest.mark.usefixtures("version")
def test_a_change_is_answered_as_it_was_when_only_its_outcome_cannot_be_written(
    training, monkeypatch
):
    log = training.parts.audit.log
    moved = training.parts.aliases.move

    def move(*arguments, **named):
        log.is_away = True
        return moved(*arguments, **named)

    monkeypatch.setattr(training.parts.aliases, "move", move)
    response = put_alias(training)
    log.is_away = False

    assert response.status_code < 300
    assert entries(training) == [("put_alias", "asked")]
    assert training.parts.audit.failed == 1


def test_who_reads_personal_data_is_written_down_without_any_of_them(scoring):
    response = scoring.client.get("/api/v1/scores?record_key=4711-secret&limit=3")

    assert response.status_code == 200
    assert entries(scoring) == [("list_scores", "200")]
    assert newest(scoring).detail == {"query": ["limit", "record_key"]}
    assert "4711" not in str(scoring.parts.audit.log.kept)


def test_a_name_that_a_caller_made_up_is_not_kept_for_ever(scoring):
    for made_up in ("Kanaria%20Zwitscherling=1", "Kanaria", "limit=1&Kanaria=2&Kanarie=3"):
        scoring.client.get(f"/api/v1/scores?{made_up}")

    assert newest(scoring).detail == {"query": ["limit", "…"]}
    assert "Kanari" not in str(scoring.parts.audit.log.kept)


def test_no_personal_data_are_shown_when_the_log_is_away(scoring):
    scoring.parts.audit.log.is_away = True

    response = scoring.client.get("/api/v1/scores?record_key=4711")

    assert response.status_code == 503
    assert "items" not in response.json()


def test_what_reads_no_personal_data_and_changes_nothing_leaves_nothing(training):
    assert training.client.get("/api/v1/models").status_code == 200
    assert entries(training) == []


def test_scoring_never_asks_the_log(scoring):
    scoring.parts.audit.log.is_away = True

    response = scoring.client.post(
        "/api/v1/use-cases/toy/new-data-score", json={"records": [record(1)]}
    )

    assert response.status_code == 200, response.text
    assert scoring.parts.audit.log.kept == []


@pytest.fixture
def closed_gate(training):
    """The training service with authentication, and somebody who may only look."""
    gate, viewer = training.app.state.gate, Principal("key:eve", (Grant(Role.VIEWER),))
    training.app.state.gate = Gate(
        "dev", is_open=False, keys=lambda key: None, tokens=_tokens(viewer)
    )
    yield
    training.app.state.gate = gate


def _tokens(viewer):
    return lambda credential: (viewer, math.inf) if credential == "eve" else None


def test_who_is_refused_leaves_an_entry_and_a_flood_leaves_two(training, closed_gate):
    for _ in range(50):
        assert put_alias(training).status_code == 401
        assert put_alias(training, Authorization="Bearer eve").status_code == 403
    training.parts.audit.close()

    found = [
        (e.event.actor, e.event.outcome, e.event.detail) for e in training.parts.audit.log.kept
    ]
    assert found == [
        ("anonymous", "401", {}),
        ("key:eve", "403", {}),
        ("anonymous", "401", {"more": 49}),
        ("key:eve", "403", {"more": 49}),
    ]


def test_who_is_refused_is_told_so_also_when_the_log_is_away(training, closed_gate):
    training.parts.audit.log.is_away = True

    assert put_alias(training).status_code == 401


def test_every_part_of_an_address_is_known_to_be_personal_or_not(training, scoring):
    audited = {name for name, operation in OPERATIONS.items() if operation.audit is not None}
    found = {
        part
        for service in (training, scoring)
        for path, methods in service.app.openapi()["paths"].items()
        for one in methods.values()
        if one.get("operationId") in audited
        for part in re.findall(r"\{(\w+)\}", path)
    }
    assert found <= SHOWN | HIDDEN
    assert found & SHOWN


def test_every_permission_to_change_leaves_entries():
    changing = {"new_data_label", "put_alias", "delete_alias", "post_bundle", "revoke_api_key"}
    for name in changing:
        assert OPERATIONS[name].audit is Audit.CHANGE
    for name in ("get_rows", "list_scores", "get_score", "list_labels", "get_dossier"):
        assert OPERATIONS[name].audit is Audit.PERSONAL


@pytest.mark.parametrize("name", ["new_data_score", "infer", "invocations"])
def test_scores_are_no_entries(name):
    assert OPERATIONS[name].audit is None


def test_what_was_done_last_is_read_first_page_by_page(training):
    for _ in range(3):
        put_alias(training)

    found, cursor = [], ""
    while cursor is not None:
        answer = training.client.get(f"/api/v1/audit/entries?newest=true&limit=4{cursor}").json()
        found += [entry["sequence"] for entry in answer["items"]]
        cursor = answer["next_cursor"] and f"&cursor={answer['next_cursor']}"

    # Each reading of the log is an entry of its own, which is newer than the page it came from.
    assert found == list(range(found[0], 0, -1))
    assert len(found) >= 6
