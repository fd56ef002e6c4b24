from __future__ import annotations

import json

import httpx
import pytest

from crispml_core.client import RequestRefused
from crispml_core.client.training import TrainingClient
from crispml_core.domain.datasets import Stage
from crispml_core.domain.models import ANY_VERSION
from crispml_core.domain.runs import RunStatus

ALIAS = "/api/v1/models/credit/aliases/champion"
EVENT = {
    "model": "credit",
    "alias": "champion",
    "version": "v2",
    "sequence": 2,
    "moved_at": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def training(service):
    return TrainingClient(service.connection())


@pytest.mark.parametrize(
    ("call", "method", "body"),
    [
        (
            lambda t: t.data_ingestion("credit", where="age > 18", sample=0.5, tags=["a"]),
            "data-ingestion",
            {"where": "age > 18", "sample": 0.5, "tags": ["a"]},
        ),
        (
            lambda t: t.data_preparation("credit", "d", seed=0),
            "data-preparation",
            {"dataset_id": "d", "seed": 0},
        ),
        (
            lambda t: t.data_curation("credit", "d", "lr"),
            "data-curation",
            {"dataset_id": "d", "algorithm": "lr"},
        ),
        (
            lambda t: t.model_training("credit", "c", hyperparameters={"C": 1}, search=None),
            "model-training",
            {"curation_id": "c", "hyperparameters": {"C": 1}},
        ),
        (lambda t: t.model_report("credit", "m"), "model-report", {"model_id": "m"}),
        (
            lambda t: t.model_persist("credit", "m", "r"),
            "model-persist",
            {"model_id": "m", "report_id": "r"},
        ),
        (
            lambda t: t.cycle("credit", promote=False, algorithms=("lr",)),
            "cycle",
            {"promote": False, "algorithms": ["lr"]},
        ),
    ],
)
def test_each_method_sends_only_what_was_given(service, training, call, method, body):
    service.on("POST", f"/api/v1/use-cases/credit/{method}", service.run(status="queued"))

    run = call(training)

    assert run.status is RunStatus.QUEUED
    assert json.loads(service.requests[0].content) == body
    assert "Idempotency-Key" not in service.requests[0].headers


def test_prefer_wait_asks_for_the_finished_run(service, training):
    service.on("POST", "/api/v1/use-cases/credit/cycle", service.run(status="succeeded"))

    training.start("credit", "cycle", {"seed": 1}, wait_s=30)

    assert service.requests[0].headers["Prefer"] == "wait=30"
    assert service.requests[0].extensions["timeout"]["read"] == 60


def test_an_upload_streams_the_file_with_its_type_and_options(service, training, tmp_path):
    file = tmp_path / "data.csv"
    file.write_bytes(b"a\n1\n")
    service.on("POST", "/api/v1/use-cases/credit/data-ingestion", service.run(status="queued"))

    training.upload("credit", file, owner="risk")

    sent = service.requests[0]
    assert (sent.content, sent.headers["Content-Type"]) == (b"a\n1\n", "text/csv")
    assert dict(sent.url.params) == {"owner": "risk"}


def test_a_list_is_read_page_after_page(service, training):
    pages = [
        {"items": [{"n": 1}, {"n": 2}], "next_cursor": "c"},
        {"items": [{"n": 3}], "next_cursor": None},
    ]
    service.on("GET", "/api/v1/datasets/d/rows", *pages)

    rows = list(training.rows("d", split="test", columns=["n", "m"]))

    assert [row["n"] for row in rows] == [1, 2, 3]
    assert dict(service.requests[1].url.params) == {
        "split": "test",
        "columns": "n,m",
        "limit": "500",
        "cursor": "c",
    }


def test_a_list_ends_at_its_limit(service, training):
    service.on(
        "GET",
        "/api/v1/datasets/d/rows",
        {"items": [{"n": 1}, {"n": 2}], "next_cursor": "c"},
        {"items": [{"n": 3}], "next_cursor": "d"},
    )

    rows = list(training.rows("d", limit=3))

    assert len(rows) == 3
    assert [dict(request.url.params)["limit"] for request in service.requests] == ["3", "1"]


def test_filters_of_lists_are_sent_as_text(service, training):
    service.on("GET", "/api/v1/datasets", {"items": [], "next_cursor": None})
    service.on("GET", "/api/v1/runs", {"items": [service.run()], "next_cursor": None})

    assert list(training.datasets(use_case="credit", stage=Stage.RAW)) == []
    assert [run.id for run in training.runs(status=RunStatus.RUNNING)] == ["r1"]
    assert dict(service.requests[0].url.params)["stage"] == "raw"
    assert dict(service.requests[1].url.params)["status"] == "running"


@pytest.mark.parametrize(
    ("expected", "header", "value"),
    [
        ("v1", "If-Match", '"v1"'),
        (ANY_VERSION, "If-Match", "*"),
        (None, "If-None-Match", "*"),
    ],
)
def test_an_alias_moves_under_a_condition(service, training, expected, header, value):
    service.on("PUT", ALIAS, EVENT)

    event = training.move_alias("credit", "champion", "v2", expected=expected, reason="better")

    assert event.version == "v2"
    assert service.requests[0].headers[header] == value
    assert json.loads(service.requests[0].content) == {"version": "v2", "reason": "better"}


def test_an_alias_that_moved_meanwhile_is_refused(service, training):
    problem = {"detail": "the alias moved", "code": "precondition_failed"}
    service.on("PUT", ALIAS, httpx.Response(412, json=problem))

    with pytest.raises(RequestRefused) as caught:
        training.move_alias("credit", "champion", "v2", expected="v1")
    assert (caught.value.status, caught.value.code) == (412, "precondition_failed")


def test_a_use_case_comes_back_as_domain_values(service, training):
    described = {
        "name": "credit",
        "version": "1",
        "description": "",
        "task": "binary",
        "target": {"name": "risk", "task": "binary", "values": ["good", "bad"], "positive": "bad"},
        "record_key": "id",
        "fields": [
            {"name": "id", "type": "string", "description": "Key."},
            {"name": "age", "type": "integer", "minimum": 18, "nullable": True},
        ],
        "algorithms": [
            {
                "name": "lr",
                "description": "",
                "hyperparameters": [{"name": "C", "default": 1.0, "minimum": 0.1}],
            }
        ],
        "segments": [{"name": "age", "field": "age", "bins": [25.0]}],
        "gates": [{"kpi": "auc", "minimum": 0.7}],
        "digest": "d",
        "an_entry_of_a_later_release": 1,
    }
    service.on("GET", "/api/v1/use-cases/credit", described)

    found = training.use_case("credit")

    assert found.target.classes == ("good", "bad")
    assert [(field.name, field.type) for field in found.fields] == [
        ("id", "string"),
        ("age", "integer"),
    ]
    assert found.algorithms[0].hyperparameters[0].minimum == 0.1
    assert found.segments[0].groups == ("< 25", ">= 25")


def test_a_download_is_written_to_a_file(service, training, tmp_path):
    service.on("GET", "/api/v1/datasets/d/content", httpx.Response(200, content=b"PAR1...PAR1"))

    training.download("d", tmp_path / "d.parquet")

    assert (tmp_path / "d.parquet").read_bytes() == b"PAR1...PAR1"


def test_a_download_that_is_refused_leaves_no_file(service, training, tmp_path):
    with pytest.raises(RequestRefused):
        training.download("d", tmp_path / "d.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_addressed_for_a_browser_and_read_as_html(service, training):
    service.on("GET", "/api/v1/reports/x", httpx.Response(200, text="<!doctype html>"))

    assert training.report_url("x") == "http://127.0.0.1:8101/api/v1/reports/x?format=html"
    assert training.report_html("x") == "<!doctype html>"
    assert service.requests[0].headers["Accept"] == "text/html"
