"""Labels in every format and dialect over REST, good ones and bad ones."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.domain.identifiers import utc_now

SCORE, LABEL = (f"/api/v1/use-cases/toy/new-data-{verb}" for verb in ("score", "label"))
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
CANARY = "canary-7f3"
ROWS: list[dict[str, Any]] = [
    {"record_key": "O-1", "label": "no", "source": "returns", "propensity": 0.5},
    {"record_key": "O-2", "label": "yes", "label_time": "2026-01-02T03:04:05Z"},
    {"record_key": "O-2", "label": "yes"},
    {"record_key": "O-99", "label": "no", "scored_until": "2026-01-02T03:04:05+01:00"},
]
NAMES = ("record_key", "label", "label_time", "source", "propensity", "scored_until")
VERDICTS = ["accepted", "accepted", "duplicate", "unknown"]


def as_csv(rows: list[dict[str, Any]], names: tuple[str, ...] = NAMES) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: [row.get(name) for row in rows] for name in NAMES})


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(as_table(rows), sink)
    return sink.getvalue()


def as_arrow(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    table = as_table(rows)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def as_ndjson(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


FORMATS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    JSON: lambda rows: json.dumps({"labels": rows}).encode(),
    NDJSON: as_ndjson,
    "application/jsonlines": as_ndjson,
    CSV: as_csv,
    PARQUET: as_parquet,
    ARROW: as_arrow,
}


def record(number: int) -> dict[str, Any]:
    return {"order_id": f"O-{number}", "amount": 10.5, "items": 2, "channel": "web"}


def post(service: Any, body: bytes, media: str, query: str = "", **headers: str) -> Any:
    sent = {"Content-Type": media, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return service.client.post(LABEL + query, content=body, headers=sent)


def verdicts(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["verdict"] for row in answer.json()["rows"]]


@pytest.fixture
def scored(scoring: Any) -> list[str]:
    """The ids of the scores of two records."""
    answer = scoring.client.post(SCORE, json=[record(1), record(2)]).json()
    return [score["score_id"] for score in answer["scores"]]


@pytest.mark.parametrize("media", FORMATS)
def test_labels_of_every_format_mean_the_same(scoring: Any, scored: Any, media: str) -> None:
    answer = post(scoring, FORMATS[media](ROWS), media)

    assert verdicts(answer) == VERDICTS
    content = answer.json()
    assert content["row_count"] == 4
    assert content["counts"] == {"accepted": 2, "duplicate": 1, "superseded": 0, "unknown": 1}
    last, second, first = scoring.client.get("/api/v1/labels").json()["items"]
    assert (first["source"], first["propensity"]) == ("returns", 0.5)
    assert second["label_time"] == "2026-01-02T03:04:05Z"
    assert (last["record_key"], last["scored_until"]) == ("O-99", "2026-01-02T02:04:05Z")


@pytest.mark.parametrize("media", [NDJSON, CSV, PARQUET, ARROW])
def test_the_verdicts_come_in_the_format_that_is_asked_for(
    scoring: Any, scored: Any, media: str
) -> None:
    answer = post(scoring, FORMATS[CSV](ROWS), CSV, Accept=media)

    content = answer.content
    if media == NDJSON:
        rows = [json.loads(line) for line in content.splitlines()]
    elif media == CSV:
        rows = [
            {"row": int(row["row"]), "verdict": row["verdict"], "label_id": row["label_id"] or None}
            for row in csv.DictReader(io.StringIO(content.decode()))
        ]
    elif media == PARQUET:
        rows = pq.read_table(io.BytesIO(content)).to_pylist()
    else:
        rows = pa.ipc.open_stream(content).read_all().to_pylist()
    assert [row["verdict"] for row in rows] == VERDICTS
    assert [row["row"] for row in rows] == [0, 1, 2, 3]
    assert [row["label_id"] is None for row in rows] == [False, False, True, False]
    assert json.loads(answer.headers["CrispML-Counts"])["accepted"] == 2
    assert answer.headers["CrispML-Import-Id"]


def test_the_counts_alone_can_be_asked_for(scoring: Any, scored: Any) -> None:
    content = post(scoring, FORMATS[CSV](ROWS), CSV, "?rows=false").json()

    assert content["counts"]["accepted"] == 2
    assert (content["row_count"], "rows" in content) == (4, False)


def test_a_compressed_body_and_a_compressed_answer(scoring: Any, scored: Any) -> None:
    rows = [{"record_key": f"X-{number}", "label": "no"} for number in range(500)]
    body = gzip.compress(as_csv(rows, ("record_key", "label")))

    answer = post(scoring, body, CSV, Content_Encoding="gzip", Accept_Encoding="gzip")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert verdicts(answer) == ["unknown"] * 500


@pytest.mark.parametrize("media", [JSON, CSV, PARQUET])
def test_a_repeated_request_gets_the_first_answer(scoring: Any, scored: Any, media: str) -> None:
    body = FORMATS[media](ROWS)
    first = post(scoring, body, media, Idempotency_Key="k").json()

    assert post(scoring, body, media, Idempotency_Key="k").json() == first
    other = post(scoring, FORMATS[media](ROWS[:2]), media, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(scoring.parts.labels.find()) == 3


def test_numbers_of_a_csv_are_compared_as_they_are_written(scoring: Any, scored: Any) -> None:
    assert post(scoring, b"record_key,label\n007,no\n7,no\n", CSV).json()["counts"]["unknown"] == 2


def ground_truth(identifier: str, data: str = "no", **changes: Any) -> dict[str, Any]:
    return {
        "groundTruthData": {"data": data, "encoding": "CSV"},
        "eventMetadata": {"eventId": identifier},
        "eventVersion": "0",
    } | changes


@pytest.mark.parametrize("query", ["", "?dialect=sagemaker"])
def test_ground_truth_of_sagemaker_is_read_as_it_is(scoring: Any, scored: Any, query: str) -> None:
    lines = [
        ground_truth(scored[0]),
        ground_truth("O-2", '"yes"\n'),
        ground_truth("x", eventMetadata={"eventId": "e-1", "inferenceId": "O-2"}),
        ground_truth("O-9", groundTruthData={"data": '"yes"', "encoding": "JSON"}),
    ]

    answer = post(scoring, as_ndjson(lines), "application/jsonlines", query)

    assert verdicts(answer) == ["accepted", "accepted", "superseded", "unknown"]
    *_, second, first = scoring.client.get("/api/v1/labels").json()["items"]
    assert (first["score_id"], first["value"]) == (scored[0], "no")
    assert (second["record_key"], second["value"]) == ("O-2", "yes")


@pytest.mark.parametrize("query", ["", "?dialect=openscale"])
@pytest.mark.parametrize("is_listed", [False, True])
def test_feedback_of_openscale_is_read_as_it_is(
    scoring: Any, scored: Any, query: str, is_listed: bool
) -> None:
    feedback = {
        "fields": ["amount", "returned", "transaction_id", "order_id", "record_timestamp"],
        "values": [
            [10.5, "no", scored[0], None, None],
            [10.5, "yes", None, "O-2", "2026-01-02T03:04:05Z"],
        ],
    }

    answer = post(
        scoring, json.dumps([feedback] * 2 if is_listed else feedback).encode(), JSON, query
    )

    assert verdicts(answer)[:2] == ["accepted", "accepted"]
    assert verdicts(answer)[2:] == ["duplicate", "duplicate"] * is_listed
    second, first = scoring.client.get("/api/v1/labels").json()["items"]
    assert (first["score_id"], second["record_key"]) == (scored[0], "O-2")
    assert second["label_time"] == "2026-01-02T03:04:05Z"


BROKEN: list[tuple[str, bytes, str, int, str]] = [
    (NDJSON, b'{"record_key": "a", "label": "no"}\n{"record_key"\n', "", 400, "line 2"),
    (NDJSON, b'{"record_key": "a", "record_key": "b"}\n', "", 400, "line 1"),
    (JSON, b'{"labels": ', "", 400, "line 1"),
    (JSON, b"5", "", 400, "labels"),
    (JSON, b'{"labels": [], "label": 1}', "", 422, "labels"),
    (JSON, b"[]", "", 422, "empty"),
    (JSON, b"", "", 422, "the body is empty"),
    (CSV, b"record_key,label\na,no\nb\n", "", 400, "line"),
    (CSV, b"record_key,label\n\xff,no\n", "", 400, "UTF-8"),
    (CSV, b"record_key,label\n", "", 422, "empty"),
    (CSV, f"record_key,label,{CANARY}\na,no,1\n".encode(), "", 422, "column 3"),
    (CSV, b"label,label,record_key\nno,no,a\n", "", 422, "twice"),
    (PARQUET, b"PAR1 and then nothing", "", 400, "Parquet"),
    (ARROW, b"nothing of the kind", "", 400, "Arrow"),
    (NDJSON, as_ndjson([{"label": "no"}]), "?dialect=sagemaker", 422, "row 0"),
    (NDJSON, as_ndjson([ground_truth("a"), {"eventVersion": "0"}]), "", 422, "row 1"),
    (NDJSON, as_ndjson([ground_truth("a", f"no,{CANARY}")]), "", 422, "one cell"),
    (NDJSON, as_ndjson([ground_truth("", "no")]), "", 422, "eventId"),
    (NDJSON, as_ndjson([ground_truth("a", CANARY)]), "", 422, "must be one of no, yes"),
    (JSON, json.dumps({"fields": [CANARY], "values": [[1]]}).encode(), "", 422, "target"),
    (JSON, b'{"fields": ["returned"], "values": [["no"]]}', "", 422, "order_id"),
    (JSON, b'{"fields": ["returned", "order_id"], "values": [["no"]]}', "", 422, "cells"),
    (JSON, b'{"fields": 1, "values": 2}', "?dialect=openscale", 422, "list of names"),
    (CSV, b"record_key,label\na,no\n", "?dialect=openscale", 422, "JSON or NDJSON"),
    (JSON, b"[]", f"?dialect={CANARY}", 422, "dialect"),
    ("application/xml", b"<label/>", "", 415, "Content-Type"),
]


@pytest.mark.parametrize(("media", "body", "query", "status", "says"), BROKEN)
def test_a_broken_body_is_refused_with_a_reason_and_nothing_is_stored(
    scoring: Any, scored: Any, media: str, body: bytes, query: str, status: int, says: str
) -> None:
    answer = post(scoring, body, media, query)

    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert CANARY not in answer.text
    assert scoring.parts.labels.find() == []


@pytest.mark.parametrize("media", FORMATS)
@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"record_key": "O-1", "label": "perhaps"}, "category"),
        ({"record_key": "O-1", "label": "no", "propensity": 2.0}, "range"),
        ({"record_key": "O-1"}, "missing"),
        ({"label": "no"}, "missing"),
        (
            {
                "record_key": "O-1",
                "label": "no",
                "label_time": (utc_now() + timedelta(days=1)).isoformat(),
            },
            "future",
        ),
    ],
)
def test_a_wrong_row_of_any_format_is_named(
    scoring: Any, scored: Any, media: str, wrong: dict[str, Any], rule: str
) -> None:
    answer = post(scoring, FORMATS[media]([ROWS[0], ROWS[1], wrong]), media)

    assert answer.status_code == 422
    assert (answer.json()["errors"][0]["row"], answer.json()["errors"][0]["rule"]) == (2, rule)
    assert scoring.parts.labels.find() == []


def test_a_label_long_before_the_score_that_it_names_is_refused(scoring: Any, scored: Any) -> None:
    rows = [
        {"record_key": "O-1", "label": "no"},
        {"score_id": scored[1], "label": "no", "label_time": "2026-01-02T03:04:05Z"},
    ]
    answer = post(scoring, FORMATS[NDJSON](rows), NDJSON)

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["row"], error["rule"], error["field"]) == (1, "before_score", "label_time")
    assert scoring.parts.labels.find() == []


@pytest.mark.parametrize("media", FORMATS)
def test_too_many_rows_are_refused(scoring: Any, media: str) -> None:
    settings = scoring.client.app.state.settings
    server = settings.server.model_copy(update={"max_records": 3, "max_batch_rows": 3})
    scoring.client.app.state.settings = settings.model_copy(update={"server": server})

    answer = post(scoring, FORMATS[media](ROWS), media)

    assert (answer.status_code, scoring.parts.labels.find()) == (413, [])
    assert "at most 3" in answer.text
    assert post(scoring, FORMATS[media](ROWS[:3]), media).status_code == 200


def test_too_many_bytes_are_refused_before_and_after_decompression(scoring: Any) -> None:
    settings = scoring.client.app.state.settings
    server = settings.server.model_copy(update={"max_upload_bytes": 1024})
    scoring.client.app.state.settings = settings.model_copy(update={"server": server})
    body = as_csv([{"record_key": f"X-{n}", "label": "no"} for n in range(200)])

    assert post(scoring, body, CSV).status_code == 413
    assert post(scoring, gzip.compress(body), CSV, Content_Encoding="gzip").status_code == 413
    assert post(scoring, body[:5], CSV, Content_Encoding="gzip").status_code == 400
    assert scoring.parts.labels.find() == []


def test_labels_are_counted_by_their_verdicts_and_a_repeated_request_once(scoring: Any) -> None:
    def told() -> dict[str, float]:
        lines = scoring.client.get("/metrics").text.splitlines()
        found = (re.match(r'crispml_labels_total{.*verdict="(\w+)"} (\S+)', one) for one in lines)
        return {match[1]: float(match[2]) for match in found if match}

    before = told()
    assert before.keys() == {"accepted", "duplicate", "superseded", "unknown"}
    scoring.client.post(SCORE, json=[record(1)])
    labels = [{"record_key": "O-1", "label": label} for label in ("no", "no", "yes")]
    labels.append({"record_key": "O-99", "label": "no"})
    for _ in range(2):
        answer = scoring.client.post(LABEL, json=labels, headers={"Idempotency-Key": "once"})
        assert answer.status_code == 200
    after = told()
    assert {verdict: after[verdict] - before[verdict] for verdict in after} == {
        "accepted": 1,
        "duplicate": 1,
        "superseded": 1,
        "unknown": 1,
    }
