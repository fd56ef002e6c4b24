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


ANSWER = {
    "import_id": "i",
    "use_case": "credit",
    "received_at": "2026-01-01T00:00:00Z",
    "row_count": 3,
    "counts": {"accepted": 2, "duplicate": 0, "superseded": 0, "unknown": 1},
    "rows": [{"row": 0, "verdict": "accepted", "label_id": "l0"}],
}
ROWS = "record_key,label\n1,bad\n2,good\n3,bad\n"


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
    assert [request.method for request in services.requests] == ["GET"]


def test_labels_are_sent_as_they_are_and_counted(crispml_cli, services):
    services.on("POST", LABEL, ANSWER)

    result = crispml_cli("label", "credit", "--json", input=ROWS)

    (request,) = services.requests
    assert request.content.decode() == ROWS
    assert request.headers["Content-Type"] == "text/csv"
    assert request.headers["Idempotency-Key"]
    answer = json.loads(result.stdout)
    assert (answer["counts"], answer["row_count"]) == (ANSWER["counts"], 3)
    assert answer["rows"] == ANSWER["rows"]


def test_a_person_sees_the_counts_and_the_rows_stay_away(crispml_cli, services):
    services.on("POST", LABEL, {**ANSWER, "rows": []})

    result = crispml_cli("label", "credit", input=ROWS)

    assert services.requests[0].url.params["rows"] == "false"
    assert "accepted" in result.stdout
    assert "as soon as their score is there" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "media", "encoding"),
    [
        ("truth.csv", b"a", "text/csv", None),
        ("truth.csv.gz", b"\x1f\x8b", "text/csv", "gzip"),
        ("truth.jsonl.zst", b"x", "application/x-ndjson", "zstd"),
        ("truth.parquet", b"PAR1", "application/vnd.apache.parquet", None),
        ("truth", b"PAR1", "application/vnd.apache.parquet", None),
        ("truth", b'[{"a": 1}]', "application/json", None),
        ("truth", b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson", None),
        ("truth", b'{"labels": [\n]}', "application/json", None),
        ("truth", b"record_key,label\n", "text/csv", None),
    ],
)
def test_what_a_file_is_follows_from_its_name_or_its_content(
    crispml_cli, services, tmp_path, name, content, media, encoding
):
    services.on("POST", LABEL, ANSWER)
    (tmp_path / name).write_bytes(content)

    assert crispml_cli("label", "credit", name, "--dialect", "sagemaker").exit_code == 0

    (request,) = services.requests
    assert request.read() == content
    assert request.headers["Content-Type"] == media
    assert request.headers.get("Content-Encoding") == encoding
    assert request.url.params["dialect"] == "sagemaker"


def test_the_verdicts_go_to_a_file(crispml_cli, services, tmp_path):
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept"] == "text/csv"
        facts = {
            "CrispML-Import-Id": "i",
            "CrispML-Received-At": "2026-01-01T00:00:00+00:00",
            "CrispML-Counts": json.dumps(ANSWER["counts"]),
        }
        return httpx.Response(200, content=b"row,verdict,label_id\r\n", headers=facts)

    services.on("POST", LABEL, answer)

    result = crispml_cli("label", "credit", "--json", "--verdicts", "v.csv", input=ROWS)

    assert json.loads(result.stdout)["row_count"] == 3
    assert (tmp_path / "v.csv").read_bytes() == b"row,verdict,label_id\r\n"
    assert crispml_cli("label", "credit", "--verdicts", "v.xls", input=ROWS).exit_code == 2


def test_a_refused_file_is_a_failure_with_the_reason(crispml_cli, services):
    problem = {"code": "invalid_input", "detail": "column 2 is not one of score_id, record_key"}
    services.on("POST", LABEL, httpx.Response(422, json=problem))

    result = crispml_cli("label", "credit", input="id,truth\n1,bad\n")

    assert result.exit_code == 1
    assert "column 2" in result.stderr
