from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from crispml_core.client.errors import (
    ClientError,
    RequestRefused,
    ServiceFailed,
    ServiceUnreachable,
    UnexpectedAnswer,
)
from crispml_core.client.http import ServiceConnection, below

BUSY = httpx.Response(503, json={"detail": "busy", "code": "not_ready"})


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_get_is_tried_again_while_the_service_is_busy(service, status):
    service.on("GET", "/api/v1/x", httpx.Response(status), httpx.Response(status), {"a": 1})

    assert service.connection().get("/x", dict[str, int]) == {"a": 1}
    assert len(service.pauses) == 2
    assert 0 < service.pauses[0] <= 0.2 < service.pauses[1] * 2


def test_a_get_is_tried_again_after_a_lost_connection(service):
    service.on("GET", "/api/v1/x", httpx.ConnectError("lost"), {"a": 1})

    assert service.connection().get("/x", dict[str, int]) == {"a": 1}


def test_retry_after_decides_how_long_to_pause(service):
    service.on("GET", "/api/v1/x", httpx.Response(503, headers={"Retry-After": "3"}), {"a": 1})

    service.connection().get("/x", dict[str, int])

    assert service.pauses == [3.0]


def test_a_post_without_a_key_is_sent_once(service):
    service.on("POST", "/p", BUSY, {"a": 1})

    with pytest.raises(ServiceFailed) as caught:
        service.connection().request("POST", "/p", body={})
    assert caught.value.status == 503
    assert len(service.requests) == 1


def test_a_post_with_a_key_is_repeated_with_the_same_key_and_body(service):
    service.on("POST", "/p", BUSY, httpx.RemoteProtocolError("cut"), {"a": 1})

    service.connection().request("POST", "/p", body={"b": 2}, idempotency_key="k")

    sent = [(request.headers["Idempotency-Key"], request.content) for request in service.requests]
    assert sent == [("k", b'{"b":2}')] * 3


def test_a_streamed_file_is_read_again_for_a_second_try(service, tmp_path):
    file = tmp_path / "data.csv"
    file.write_bytes(b"a\n1\n")
    service.on("POST", "/p", BUSY, {"a": 1})

    service.connection().request("POST", "/p", content=file, idempotency_key="k")

    assert [request.content for request in service.requests] == [b"a\n1\n", b"a\n1\n"]


def test_nobody_at_the_address_is_named_after_all_tries(service):
    service.on("GET", "/api/v1/x", httpx.ConnectError("refused"))

    with pytest.raises(ServiceUnreachable, match=r"training service .* http://127.0.0.1:8101"):
        service.connection(retries=2).get("/x", dict[str, int])
    assert len(service.requests) == 3


def test_silence_is_not_repeated(service):
    service.on("GET", "/api/v1/x", httpx.ReadTimeout("silent"))

    with pytest.raises(ServiceUnreachable):
        service.connection().get("/x", dict[str, int])
    assert len(service.requests) == 1


def test_a_problem_document_becomes_an_error_with_its_findings(service):
    problem = {
        "type": "urn:crispml:invalid_records",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "row 1: age must be at least 18",
        "code": "invalid_records",
        "request_id": "q-1",
        "errors": [{"row": 1, "field": "age", "rule": "range", "message": "must be at least 18"}],
        "errors_total": 1,
    }
    service.on("POST", "/p", httpx.Response(422, json=problem))

    with pytest.raises(RequestRefused) as caught:
        service.connection().request("POST", "/p", body={}, idempotency_key="k")

    error = caught.value
    assert (error.status, error.code, error.request_id) == (422, "invalid_records", "q-1")
    assert error.detail == str(error) == "row 1: age must be at least 18"
    assert [(found.row, found.field, found.rule) for found in error.errors] == [(1, "age", "range")]
    assert len(service.requests) == 1


@pytest.mark.parametrize("body", [b"<html>", b'"text"', b'{"errors": 3}', b"\xff"])
def test_an_error_without_a_problem_document_names_service_and_status(service, body):
    headers = {"X-Request-ID": "q-2"}
    service.on("GET", "/api/v1/x", httpx.Response(500, content=body, headers=headers))

    with pytest.raises(ServiceFailed, match="training service answered with status 500") as caught:
        service.connection().get("/x", dict[str, int])
    assert caught.value.request_id == "q-2"


def test_an_answer_of_something_else_is_not_understood(service):
    service.on("GET", "/api/v1/x", httpx.Response(200, text="<html>welcome</html>"))

    with pytest.raises(UnexpectedAnswer, match="does not understand"):
        service.connection().get("/x", dict[str, int])


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8101", "", "ftp://host", "http://", "http://host:nine", "a b"]
)
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(ClientError, match="http://host:port"):
        ServiceConnection("training", url)


def test_numbers_that_json_has_not_are_sent_as_null(service):
    service.on("POST", "/p", {})

    service.connection().request("POST", "/p", body={"a": float("nan"), "b": float("inf")})

    assert json.loads(service.requests[0].content) == {"a": None, "b": None}


def test_empty_parameters_are_left_out(service):
    service.on("GET", "/api/v1/x", {})

    service.connection().get("/x", dict[str, Any], {"a": None, "b": 2})

    assert service.requests[0].url.query == b"b=2"


def test_a_name_cannot_leave_its_place_in_the_path():
    assert below("../runs", "a b") == "/..%2Fruns/a%20b"
