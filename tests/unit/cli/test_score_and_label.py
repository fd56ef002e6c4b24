from __future__ import annotations

import json

import httpx
import pytest

SCORE = "/api/v1/use-cases/credit/new-data-score"
LABEL = "/api/v1/use-cases/credit/new-data-label"


def scored(request: httpx.Request) -> dict:
    records = json.loads(request.content)["records"]
    return {
        "use_case": "credit",
        "model": "credit",
        "version": "v7",
        "scores": [
            {
                "score_id": f"s-{record['id']}",
                "record_key": record["id"],
                "prediction": "bad",
                "probability": 0.7,
            }
            for record in records
        ],
    }


def labelled(request: httpx.Request) -> dict:
    labels = json.loads(request.content)["labels"]
    return {
        "import_id": "i",
        "use_case": "credit",
        "received_at": "2026-01-01T00:00:00Z",
        "counts": {"accepted": len(labels), "duplicate": 0},
        "rows": [
            {"row": row, "verdict": "accepted", "label_id": f"l{row}"} for row in range(len(labels))
        ],
    }


def test_csv_is_sent_with_the_types_of_the_schema(crispml_cli, services):
    services.on("POST", SCORE, scored)

    result = crispml_cli(
        "score", "credit", "--json", input="id,age,income,owner\n01,42,,true\n02,7,1.5,0\n"
    )

    assert services.body("new-data-score")["records"] == [
        {"id": "01", "age": 42, "income": None, "owner": True},
        {"id": "02", "age": 7, "income": 1.5, "owner": False},
    ]
    answer = json.loads(result.stdout)
    assert (answer["version"], [item["score_id"] for item in answer["scores"]]) == (
        "v7",
        ["s-01", "s-02"],
    )


def test_a_large_file_is_sent_in_parts_that_one_version_answers(crispml_cli, services, monkeypatch):
    monkeypatch.setattr("crispml_core.cli.score.CHUNK", 2)
    services.on("POST", SCORE, scored)

    result = crispml_cli("score", "credit", "--alias", "challenger", input="id\n1\n2\n3\n")

    assert result.exit_code == 0
    assert services.body("new-data-score", 0)["alias"] == "challenger"
    assert services.body("new-data-score", 1) == {"records": [{"id": "3"}], "model_version": "v7"}
    keys = {r.headers["Idempotency-Key"] for r in services.requests if r.method == "POST"}
    assert len(keys) == 2
    assert result.stdout.splitlines()[-1].split() == ["3", "bad", "0.7", "s-3"]


def test_an_empty_input_is_a_failure(crispml_cli, services):
    assert crispml_cli("score", "credit", input="id,age\n").exit_code == 1
    assert crispml_cli("label", "credit", input="").exit_code == 1
    assert [request.method for request in services.requests] == ["GET", "GET"]


def test_labels_are_imported_and_counted(crispml_cli, services, monkeypatch):
    monkeypatch.setattr("crispml_core.cli.label.CHUNK", 2)
    services.on("POST", LABEL, labelled)
    rows = (
        "record_key,label,label_time,source\n1,bad,,core\n2,good,2026-01-01T00:00:00Z,\n3,bad,,\n"
    )

    result = crispml_cli("label", "credit", "--json", input=rows)

    answer = json.loads(result.stdout)
    assert answer["counts"]["accepted"] == 3
    assert [item["row"] for item in answer["rows"]] == [0, 1, 2]
    assert services.body("new-data-label")["labels"] == [
        {"record_key": "1", "label": "bad", "source": "core"},
        {"record_key": "2", "label": "good", "label_time": "2026-01-01T00:00:00Z"},
    ]


def test_the_truth_of_a_regression_is_sent_as_a_number(crispml_cli, services):
    regression = {
        "name": "price",
        "task": "regression",
        "target": {"name": "price", "task": "regression"},
        "record_key": "id",
        "fields": [{"name": "id", "type": "string"}],
    }
    services.on("GET", "/api/v1/use-cases/price", regression)
    services.on("POST", "/api/v1/use-cases/price/new-data-label", labelled)

    crispml_cli("label", "price", input="score_id,label\ns1,12.5\n")

    assert services.body("new-data-label")["labels"] == [{"score_id": "s1", "label": 12.5}]


@pytest.mark.parametrize("text", ["id,label\n1,bad\n", '[{"score_id": "1", "truth": "bad"}]'])
def test_a_wrong_label_column_is_refused_before_anything_is_sent(crispml_cli, services, text):
    result = crispml_cli("label", "credit", input=text)

    assert result.exit_code == 1
    assert "score_id, record_key, label, label_time, source" in result.stderr
    assert all(request.method == "GET" for request in services.requests)
