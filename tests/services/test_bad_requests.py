"""Every kind of bad request is refused by name of its place, and nothing of it comes back."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

JSON = {"Content-Type": "application/json"}
CANARY = "CANARY-4711"
CYCLE, SCORE, LABEL = (
    f"/api/v1/use-cases/toy/{method}" for method in ("cycle", "new-data-score", "new-data-label")
)
REPORT = "/api/v1/use-cases/toy/new-data-report"
INGEST, PREPARE = "/api/v1/use-cases/toy/data-ingestion", "/api/v1/use-cases/toy/data-preparation"
POSTS = [("training", CYCLE), ("training", INGEST), ("scoring", SCORE), ("scoring", REPORT)]
RECORD = {"order_id": "O-1", "amount": 10.5, "items": 2, "channel": "web"}

BODIES = {
    "broken": (f'{{"a": {CANARY}'.encode(), JSON, 400, "line 1, column 7"),
    "twice": (f'{{"{CANARY}": 1, "{CANARY}": 2}}'.encode(), JSON, 400, "twice"),
    "NaN": (b'{"sample": NaN}', JSON, 400, "NaN and Infinity are not JSON"),
    "infinite": (b'{"sample": 1e999}', JSON, 400, "too large for a 64-bit float"),
    "nested": (b"[" * 10_000 + b"]" * 10_000, JSON, 413, "nested more than 32 deep"),
    "not UTF-8": (b'{"a": "\xff"}', JSON, 400, "byte 7"),
    "not JSON": (CANARY.encode(), {"Content-Type": "text/plain"}, 415, "Content-Type"),
    "no type": (b"{}", {}, 415, "Content-Type"),
    "charset": (b"{}", {"Content-Type": "application/json; charset=utf-16"}, 415, "charset"),
    "gzip": (b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip"}, 415, "Content-Encoding"),
    "huge": (b'"' + CANARY.encode() * 9000 + b'"', JSON, 413, "65536 bytes"),
    "no object": (b'"text"', JSON, None, ""),
}


@pytest.mark.parametrize(("name", "path"), POSTS)
@pytest.mark.parametrize("kind", BODIES)
def test_a_bad_body_is_refused_everywhere(
    request: pytest.FixtureRequest, log: io.StringIO, name: str, path: str, kind: str
) -> None:
    service = request.getfixturevalue(name)
    body, headers, status, said = BODIES[kind]
    answer = service.client.post(path, content=body, headers=headers)
    if kind == "gzip" and path == SCORE:
        status, said = 400, "too early"  # a body of records may be compressed, if it is well made
    assert answer.status_code == status or (status is None and answer.status_code in (400, 422))
    _check_problem(answer)
    assert said in answer.json()["detail"]
    assert CANARY not in answer.text + log.getvalue()
    if name == "training":
        assert service.parts.runs.find() == []
    else:
        assert service.parts.ledger.find() == []
        assert service.parts.reports.find() == []


@pytest.mark.parametrize(("name", "path"), [("training", CYCLE), ("scoring", SCORE)])
def test_a_huge_body_without_a_length_is_stopped_on_its_way(
    request: pytest.FixtureRequest, name: str, path: str
) -> None:
    chunks = (b" " * 1000 for _ in range(200))
    answer = request.getfixturevalue(name).client.post(path, content=chunks, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "said"),
    [
        ("/api/v1/use-cases/CANARY-4711/cycle", {}, 404, "use_case_not_found", "known: toy"),
        ("/api/v1/use-cases/toy/CANARY-4711", {}, 404, "method_not_found", "known: cycle, data-"),
        ("/api/v1/use-cases/toy/new-data-score", {}, 404, "method_not_found", "known: cycle"),
        (CYCLE, {"algorithms": [CANARY]}, 404, "algorithm_not_found", "known: linear"),
        (CYCLE, {"algorithms": []}, 422, "invalid_input", "algorithms"),
        (CYCLE, {"hyperparameters": {CANARY: {}}}, 404, "algorithm_not_found", "known: linear"),
        (
            CYCLE,
            {"hyperparameters": {"linear": {"Cc": CANARY}}},
            422,
            "invalid_input",
            "did you mean 'C'?); known: C, max_iter",
        ),
        (CYCLE, {"hyperparameters": {"linear": {"C": 1e9}}}, 422, "invalid_input", "C must be"),
        (CYCLE, {"hyperparameters": {"linear": {"C": CANARY}}}, 422, "invalid_input", "C must be"),
        (CYCLE, {"hyperparameters": CANARY}, 422, "invalid_input", "hyperparameters"),
        (CYCLE, {"search": {"kind": CANARY}}, 422, "invalid_input", "search.kind"),
        (CYCLE, {"search": {"kind": "grid", CANARY: 1}}, 422, "invalid_input", "search: name 2"),
        (CYCLE, {"search": {"kind": "grid", "folds": 1}}, 422, "invalid_input", "search.folds"),
        (CYCLE, {"seeed": CANARY}, 422, "invalid_input", "name 1 is unknown (did you mean 'seed'"),
        (CYCLE, {CANARY: 1}, 422, "invalid_input", "name 1 is unknown; known: "),
        (CYCLE, {"seed": CANARY}, 422, "invalid_input", "seed"),
        (CYCLE, {"seed": True}, 422, "invalid_input", "seed"),
        (CYCLE, {"seed": -1}, 422, "invalid_input", "seed"),
        (CYCLE, {"sample": 0}, 422, "invalid_input", "sample"),
        (CYCLE, {"limit": 10**30}, 422, "invalid_input", "limit must be below 2**63"),
        (
            CYCLE,
            {"hyperparameters": {"linear": {"C": 10**400}}},
            422,
            "invalid_input",
            "C must be",
        ),
        (CYCLE, {"where": f"'{CANARY}"}, 422, "invalid_input", ""),
        (CYCLE, {"tags": [1]}, 422, "invalid_input", "tags.0"),
        (CYCLE, {"timeout_s": True}, 422, "invalid_input", "timeout_s must be a number"),
        (CYCLE, {"timeout_s": 0}, 422, "invalid_input", "timeout_s"),
        (CYCLE, {"dataset_id": CANARY}, 404, "data_set_not_found", "no such data set"),
        (PREPARE, {"dataset_id": CANARY}, 404, "data_set_not_found", "no such data set"),
        (PREPARE, {}, 422, "invalid_input", "dataset_id"),
        (PREPARE.replace("preparation", "curation"), {"dataset_id": 1}, 422, "invalid_input", ""),
        (INGEST, {"smaple": 0.5}, 422, "invalid_input", "did you mean 'sample'?"),
        (INGEST, {"sample": CANARY}, 422, "invalid_input", "sample"),
    ],
)
def test_a_training_request_that_cannot_run_fails_at_once(
    training: Any, log: io.StringIO, path: str, body: Any, status: int, code: str, said: str
) -> None:
    answer = training.client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    _check_problem(answer)
    assert said in answer.json()["detail"]
    assert training.parts.runs.find() == []
    assert CANARY not in answer.text + log.getvalue()


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({**RECORD, "amount": CANARY}, 422, "invalid_records", "amount"),
        ({**RECORD, "amount": 1e6}, 422, "invalid_records", "amount"),
        ({**RECORD, "items": 1.5}, 422, "invalid_records", "items"),
        ({**RECORD, "items": 10**30}, 422, "invalid_records", "items"),
        ({**RECORD, "items": True}, 422, "invalid_records", "items"),
        ({**RECORD, "channel": CANARY}, 422, "invalid_records", "channel"),
        ({**RECORD, "order_id": CANARY * 10}, 422, "invalid_records", "order_id"),
        ({**RECORD, "returned": CANARY}, 422, "invalid_records", "returned"),
        ({**RECORD, "amuont": CANARY}, 422, "invalid_records", None),
        ({**RECORD, CANARY: 1}, 422, "invalid_records", None),
        ({"order_id": CANARY}, 422, "invalid_records", "amount"),
        ([RECORD, CANARY], 422, "invalid_records", None),
        ({"records": [RECORD], CANARY: 1}, 422, "invalid_input", None),
        ({"records": []}, 422, "invalid_input", None),
        ([], 422, "invalid_input", None),
        ({"records": [RECORD], "alias": CANARY}, 404, "alias_not_found", None),
        ({"records": [RECORD], "model_version": CANARY}, 404, "model_version_not_found", None),
        (
            {"records": [RECORD], "alias": "champion", "model_version": CANARY},
            422,
            "invalid_input",
            None,
        ),
    ],
)
def test_a_bad_record_is_named_by_row_and_field(
    scoring: Any, log: io.StringIO, body: Any, status: int, code: str, field: str | None
) -> None:
    answer = scoring.client.post(SCORE, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    _check_problem(answer)
    if code == "invalid_records":
        first = answer.json()["errors"][0]
        assert first["field"] == field
        assert first["row"] == (1 if isinstance(body, list) else 0)
        assert answer.json()["errors_total"] >= 1
    assert CANARY not in answer.text + log.getvalue()
    assert scoring.parts.ledger.find() == []


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ({"record_key": "O-1", "label": CANARY}, "label"),
        ({"record_key": "O-1"}, "label"),
        ({"label": "yes"}, "score_id"),
        ({"score_id": CANARY, "label": "yes"}, "score_id"),
        ({"record_key": "O-1", "label": "yes", "label_time": CANARY}, "label_time"),
        ({"record_key": "O-1", "label": "yes", CANARY: 1}, None),
        (CANARY, None),
    ],
)
def test_a_bad_label_is_named_by_row_and_field_and_no_label_of_the_call_is_stored(
    scoring: Any, log: io.StringIO, label: Any, field: str | None
) -> None:
    good = {"record_key": "O-2", "label": "no"}
    answer = scoring.client.post(LABEL, json={"labels": [good, label]})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_records")
    assert (answer.json()["errors"][0]["row"], answer.json()["errors"][0]["field"]) == (1, field)
    assert CANARY not in answer.text + log.getvalue()
    assert scoring.parts.labels.find() == []


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", f"limit={CANARY}", f"cursor={CANARY}!", f"{CANARY}=1", "limti=5"],
)
def test_a_bad_query_is_refused_by_name(service: Any, log: io.StringIO, query: str) -> None:
    answer = service.client.get(f"/api/v1/use-cases?{query}")
    assert answer.status_code == 422
    _check_problem(answer)
    assert CANARY not in answer.text + log.getvalue()
    assert ("limit" if "lim" in query else "known" if "=1" in query else "cursor") in answer.text


@pytest.mark.parametrize("moment", [CANARY, "1767225600", "2026-01-01", "2026-01-01T00:00:00"])
def test_a_moment_needs_its_zone(scoring: Any, moment: str) -> None:
    for answer in (
        scoring.client.get("/api/v1/scores", params={"from": moment}),
        scoring.client.post(REPORT, json={"from": moment}),
    ):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "from"
        assert "like 2026-01-31T12:00:00Z" in answer.json()["detail"]
        assert CANARY not in answer.text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_is_in_the_calendar_of_utc(scoring: Any, moment: str) -> None:
    for answer in (
        scoring.client.get("/api/v1/scores", params={"from": moment}),
        scoring.client.get("/api/v1/models/toy/aliases/champion", params={"at": moment}),
        scoring.client.post(REPORT, json={"as_of": moment}),
    ):
        assert answer.status_code == 422
        assert "in UTC" in answer.json()["detail"]


def test_an_empty_version_is_no_version(scoring: Any) -> None:
    assert scoring.client.post(REPORT, json={"version": ""}).status_code == 422


@pytest.mark.parametrize(
    "path",
    ["use-cases", "models", "reports", "models/toy/versions", "models/toy/aliases"],
)
def test_an_unknown_name_is_a_problem_that_does_not_repeat_it(service: Any, path: str) -> None:
    answer = service.client.get(f"/api/v1/{path}/{CANARY}")
    assert answer.status_code == 404
    _check_problem(answer)
    assert CANARY not in answer.text


def test_a_key_that_cannot_be_a_header_value_is_refused(service: Any) -> None:
    path = CYCLE if "/cycle" in service.client.get("/openapi.json").text else SCORE
    answer = service.client.post(path, json={}, headers={"Idempotency-Key": "k" * 300})
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


def _check_problem(answer: Any) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.text)
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem["instance"].endswith(problem["request_id"])
    assert {"type", "title", "detail", "code"} <= problem.keys()


NUL = f"{CANARY}\0"
WITH_NUL: list[tuple[str, str, str, dict[str, Any]]] = [
    ("training", "PUT", "/models/toy/aliases/champion", {"version": "v", "reason": NUL}),
    ("training", "PUT", "/models/toy/aliases/champion", {"version": NUL}),
    ("training", "POST", "/models/toy/versions/v/health", {"healthy": True, "reason": NUL}),
    ("training", "PATCH", "/datasets/d", {"owner": NUL}),
    ("training", "POST", "/approvals/a", {"decision": "approve", "by": NUL}),
    ("training", "POST", "/alerts/a/acknowledge", {"by": NUL}),
    ("training", "POST", "/use-cases/toy/data-ingestion", {"description": NUL}),
    ("scoring", "POST", "/use-cases/toy/new-data-report", {"version": NUL}),
    ("scoring", "POST", "/use-cases/toy/replays", {"version": NUL}),
]


@pytest.mark.parametrize(("name", "method", "path", "body"), WITH_NUL)
def test_no_text_holds_a_nul(
    request: pytest.FixtureRequest,
    log: io.StringIO,
    name: str,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    client = request.getfixturevalue(name).client
    answer = client.request(method, f"/api/v1{path}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 422
    _check_problem(answer)
    assert "must not hold a NUL" in answer.json()["detail"]
    assert CANARY not in answer.text + log.getvalue()
