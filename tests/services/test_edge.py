"""What both services do the same around every route."""

from __future__ import annotations

import io
import json
import re
import time
from typing import Any

import pytest

PROBES = ("/livez", "/readyz", "/startupz", "/version", "/metrics")


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_answers_without_any_model(service: Any, path: str) -> None:
    assert service.client.get(path).status_code == 200


def test_readiness_fails_with_the_store_that_does_not_answer(training: Any) -> None:
    service = training
    service.health["database"] = "the database is locked"
    answer = service.client.get("/readyz?verbose")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json()["status"] == "not ready"
    assert answer.json()["checks"]["database"] == "the database is locked"
    assert answer.json()["checks"]["registry"] == "ok"
    assert "checks" not in service.client.get("/readyz").json()
    assert service.client.get("/livez").status_code == 200


def test_scoring_stays_ready_without_its_database_as_long_as_the_journal_takes_scores(
    scoring: Any,
) -> None:
    scoring.health["database"] = "the database is locked"
    answer = scoring.client.get("/readyz?verbose")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["checks"]["database"] == "waiting: the database is locked"
    scoring.parts.engine.durable._refusal = "the journal volume is full"
    answer = scoring.client.get("/readyz?verbose")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "the database is locked"


def test_readiness_says_how_full_the_queue_is(scoring: Any) -> None:
    assert scoring.client.get("/readyz?verbose").json()["checks"]["queue"] == "ok, 0% full"


def test_a_missing_champion_is_waited_for_and_is_no_failure(
    scoring_without_champion: Any,
) -> None:
    answer = scoring_without_champion.client.get("/readyz?verbose")
    assert answer.status_code == 200
    assert answer.json()["checks"]["champion toy"].startswith("waiting: model toy has no champion")


def test_a_champion_that_serves_is_well(scoring: Any) -> None:
    assert scoring.client.get("/readyz?verbose").json()["checks"]["champion toy"] == "ok"


def test_a_stopping_service_is_not_ready(service: Any) -> None:
    service.app.state.draining = True
    assert service.client.get("/readyz").status_code == 503


def test_a_well_formed_request_id_and_traceparent_come_back(service: Any) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    sent = {"X-Request-ID": "order.17-a_b", "traceparent": trace}
    answer = service.client.get("/api/v1/use-cases/nobody", headers=sent)
    assert answer.headers["X-Request-ID"] == "order.17-a_b"
    assert answer.headers["traceparent"] == trace
    assert answer.json()["request_id"] == "order.17-a_b"


@pytest.mark.parametrize("request_id", ["", "x" * 129, "a b", "<script>"])
def test_a_request_id_of_another_form_is_replaced(service: Any, request_id: str) -> None:
    sent = {"X-Request-ID": request_id, "traceparent": "00-" + "0" * 32 + "-" + "1" * 16 + "-00"}
    answer = service.client.get("/livez", headers=sent)
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["X-Request-ID"])
    assert "traceparent" not in answer.headers


def test_an_unknown_address_and_a_wrong_verb_are_problems(service: Any) -> None:
    nowhere = service.client.get("/api/v1/CANARY")
    assert nowhere.status_code == 404
    assert nowhere.headers["Content-Type"] == "application/problem+json"
    assert nowhere.json()["code"] == "not_found"
    assert nowhere.json()["type"] == "about:blank"
    assert "CANARY" not in nowhere.text
    wrong = service.client.delete("/api/v1/use-cases")
    assert wrong.status_code == 405
    assert wrong.headers["Allow"] == "GET"
    assert wrong.json()["code"] == "method_not_allowed"


def test_a_slash_too_many_is_no_redirect_to_what_the_caller_sent(service: Any) -> None:
    answer = service.client.get(
        "/api/v1/use-cases/?CANARY=1", headers={"Host": "CANARY"}, follow_redirects=False
    )
    assert answer.status_code == 404
    assert "CANARY" not in f"{answer.text} {answer.headers}"


def test_an_invented_http_method_is_not_logged(service: Any, log: io.StringIO) -> None:
    assert service.client.request("CANARY", "/api/v1/use-cases").status_code == 405
    assert "CANARY" not in log.getvalue()
    assert '"method": "other"' in log.getvalue()


def test_an_unforeseen_error_is_a_fixed_sentence_and_its_text_stays_out_of_the_log(
    service: Any, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not spelt out in the line that raises, which the traceback shows.
    value = "CAN" + "ARY"

    def broken(*_: Any) -> Any:
        raise ValueError(f"could not convert {value}")

    monkeypatch.setattr(service.parts.models, "models", broken)
    answer = service.client.get("/api/v1/models", headers={"X-Request-ID": "r-1"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_server_error"
    assert answer.headers["X-Request-ID"] == "r-1"
    assert "CANARY" not in answer.text
    written = log.getvalue()
    failed = next(json.loads(line) for line in written.splitlines() if "request_failed" in line)
    assert failed["request_id"] == "r-1"
    assert failed["exceptions"] == ["builtins.ValueError"]
    assert any("in broken" in frame for frame in failed["frames"])
    assert failed["route"] == "/api/v1/models"
    assert "CANARY" not in written


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_the_api_pages_load_nothing_from_outside(service: Any, page: str) -> None:
    html = service.client.get(page).text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert loaded
    for address in loaded:
        assert address.startswith("/"), f"{page} loads {address}"
        assert service.client.get(address).status_code == 200
    assert "//" not in re.sub(r"/\*.*?\*/|<!--.*?-->|// .*", "", html, flags=re.DOTALL)
    if page == "/docs":
        assert '"validatorUrl": null' in html


def test_metrics_count_by_route_template_and_never_by_address(service: Any) -> None:
    before = _metrics(service)
    service.client.get("/api/v1/use-cases/toy")
    service.client.get("/api/v1/use-cases/nobody")
    service.client.get("/api/v1/nowhere/nobody")
    service.client.request("CANARY", "/livez")
    after = _metrics(service)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    labels = 'method="GET",route="/api/v1/use-cases/{use_case}"'
    assert grown(f'crispml_http_requests_total{{{labels},status="200"}}') == 1
    assert grown(f'crispml_http_requests_total{{{labels},status="404"}}') == 1
    assert grown(f"crispml_http_request_duration_seconds_count{{{labels}}}") == 2
    unmatched = 'method="GET",route="unmatched",status="404"'
    assert grown(f"crispml_http_requests_total{{{unmatched}}}") == 1
    assert after["crispml_http_requests_in_flight"] == 1
    assert not [name for name in after if "nobody" in name or "CANARY" in name]


def test_two_apps_in_a_process_count_apart(training: Any, scoring: Any) -> None:
    before = _metrics(scoring)
    for _ in range(3):
        training.client.get("/livez")
    name = 'crispml_http_requests_total{method="GET",route="/livez",status="200"}'
    assert _metrics(training)[name] >= 3
    assert _metrics(scoring).get(name) == before.get(name)


def test_a_success_writes_no_line_and_a_refusal_writes_one(service: Any, log: io.StringIO) -> None:
    service.client.get("/api/v1/use-cases/toy")
    assert _refusals(log) == []
    service.client.get("/api/v1/use-cases/nobody")
    (line,) = _refusals(log)
    assert line["code"] == "use_case_not_found"
    assert line["status"] == 404
    assert line["route"] == "/api/v1/use-cases/{use_case}"
    assert line["request_id"]


def test_the_parts_are_closed_with_the_service(service: Any) -> None:
    assert service.closed == []
    service.client.__exit__(None, None, None)
    assert service.closed == [True]
    service.client.__enter__()


def test_the_executor_lives_as_long_as_training(training: Any) -> None:
    assert training.executor.calls == ["start"]
    training.client.__exit__(None, None, None)
    assert training.executor.calls == ["start", "stop"]
    training.client.__enter__()


def test_the_use_cases_say_what_can_be_sent_and_set(service: Any) -> None:
    (toy,) = service.client.get("/api/v1/use-cases").json()["items"]
    assert toy == service.client.get("/api/v1/use-cases/toy").json()
    assert (toy["name"], toy["task"], toy["record_key"]) == ("toy", "binary", "order_id")
    assert [field["name"] for field in toy["fields"]][:2] == ["order_id", "amount"]
    assert toy["algorithms"][0]["hyperparameters"][0]["name"] == "C"
    assert toy["gates"] == [{"kpi": "auc", "minimum": 0.6, "maximum": None}]
    assert "source" not in toy


def _refusals(log: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "request_refused"]


def _metrics(service: Any) -> dict[str, float]:
    lines = service.client.get("/metrics").text.splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines)
        if not name.startswith("#")
    }


def test_readiness_is_told_as_a_metric(service: Any) -> None:
    for _ in range(100):
        if _metrics(service)["crispml_ready"] == 1:
            return
        time.sleep(0.05)
    raise AssertionError("the service is ready, and its metric never says so")
