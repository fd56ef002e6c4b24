"""Labels that were made to break something: each is refused by its place, and none is stored."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pytest

LABEL = "/api/v1/use-cases/toy/new-data-label"
JSON, NDJSON = "application/json", "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
CANARY = "CANARY-4711"
ENTRIES = (
    *("score_id", "record_key", "scored_until", "label"),
    *("label_time", "source", "propensity"),
)


def ground_truth(data: str, encoding: Any = "CSV") -> bytes:
    truth = {"data": data, "encoding": encoding}
    return json.dumps({"groundTruthData": truth, "eventMetadata": {"eventId": "O-1"}}).encode()


def labels(**entries: Any) -> bytes:
    return json.dumps([{"record_key": "O-1", "label": "yes"} | entries]).encode()


def stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def post(service: Any, body: bytes, media: str) -> Any:
    return service.client.post(LABEL, content=body, headers={"Content-Type": media})


TEXTS: dict[str, tuple[bytes, int, str]] = {
    "a line break in a cell": (ground_truth(f"{CANARY}\ryes"), 422, "one cell"),
    "a hole in the data": (ground_truth("[" * 20_000, "JSON"), 422, "not JSON"),
    "the data nested deep": (ground_truth("[" * 900 + "]" * 900, "JSON"), 422, "not JSON"),
    "a key twice in the data": (ground_truth('{"a":1,"a":2}', "JSON"), 422, "not JSON"),
    "NaN in the data": (ground_truth("NaN", "JSON"), 422, "not JSON"),
    "thousands of digits in the data": (ground_truth("1" * 6000, "JSON"), 422, "not JSON"),
    "half a character in the data": (ground_truth('"\\ud800"', "JSON"), 422, "not JSON"),
    "an encoding that is a list": (ground_truth("yes", [[CANARY]]), 422, "encoding"),
    "a key of 400 digits": (labels(record_key=10**400), 422, "record_key"),
    "a propensity of 400 digits": (labels(propensity=10**400), 422, "propensity"),
    "a truth that is a list": (labels(label=[[CANARY]]), 422, "label must be"),
    "NUL in a source": (labels(source=f"{CANARY}\0"), 422, "source"),
    "NUL in a key": (labels(record_key=f"{CANARY}\0"), 422, "record_key"),
    "half a character in a source": (b'[{"source": "\\ud800"}]', 400, "surrogate"),
    "NaN as a truth": (b'[{"record_key": "a", "label": NaN}]', 400, "NaN"),
    "before the calendar": (labels(label_time="0001-01-01T00:00:00+14:00"), 422, "label_time"),
    "after the calendar": (labels(scored_until="9999-12-31T23:59:59-14:00"), 422, "scored_until"),
}


@pytest.mark.parametrize("media", [JSON, NDJSON])
@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_that_is_a_trap_is_refused(
    scoring: Any, log: io.StringIO, kind: str, media: str
) -> None:
    body, status, said = TEXTS[kind]
    answer = post(scoring, body[1:-1] if media == NDJSON and body[:1] == b"[" else body, media)

    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert CANARY not in answer.text + log.getvalue()
    assert scoring.parts.labels.find() == []


COLUMNS: dict[str, pa.Array] = {
    "seconds after the calendar": pa.array([10**15], pa.timestamp("s", "UTC")),
    "microseconds after the calendar": pa.array([2**62], pa.timestamp("us", "UTC")),
    "before the calendar": pa.array([-(2**62)], pa.timestamp("us", "UTC")),
    "seconds that come round": pa.array([2**58 + 10**9], pa.timestamp("s", "UTC")),
    "no zone": pa.array([1], pa.timestamp("us")),
    "a duration": pa.array([1], pa.duration("us")),
    "an object": pa.array([{CANARY: 1}]),
    "a list": pa.array([[1]]),
    "a map": pa.array([[(CANARY, 1)]], pa.map_(pa.string(), pa.int64())),
    "bytes": pa.array([CANARY.encode() + b"\xff"]),
    "an interval": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    "a run": pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array([CANARY])),
    "a union": pa.UnionArray.from_sparse(
        pa.array([0], pa.int8()), [pa.array([CANARY]), pa.array([1])]
    ),
    "an unknown zone": pa.array([1], pa.timestamp("us", f"{CANARY}/Nowhere")),
    "a path as a zone": pa.array([1], pa.timestamp("us", "../../../etc/passwd")),
    "not a number": pa.array([float("nan")]),
    "a long text": pa.array([CANARY * 10_000]),
}


# In a column of moments the zone is for people only: they are in UTC.
_MOMENTS = ("label_time", "scored_until")
_ZONES = ("an unknown zone", "a path as a zone")
TRAPS = [(k, e) for k in COLUMNS for e in ENTRIES if not (k in _ZONES and e in _MOMENTS)]


@pytest.mark.parametrize(("kind", "entry"), TRAPS)
def test_a_column_that_is_a_trap_is_refused(
    scoring: Any, log: io.StringIO, kind: str, entry: str
) -> None:
    columns = {"record_key": pa.array(["O-1"]), "label": pa.array(["yes"]), entry: COLUMNS[kind]}
    answer = post(scoring, stream(pa.table(columns)), ARROW)

    assert answer.status_code in (400, 413, 422), answer.text
    assert CANARY not in answer.text + log.getvalue()
    assert scoring.parts.labels.find() == []


@pytest.mark.parametrize("way", ["dictionary", "views"])
def test_short_texts_may_be_sent_in_these_ways(scoring: Any, way: str) -> None:
    columns = {"record_key": pa.array(["O-1", "O-2"]), "label": pa.array(["yes", "no"])}
    kind = pa.string_view() if way == "views" else pa.dictionary(pa.int8(), pa.string())
    table = pa.table({name: column.cast(kind) for name, column in columns.items()})
    answer = post(scoring, stream(table), ARROW)
    assert answer.status_code == 200, answer.text
    assert {label.value for label in scoring.parts.labels.find()} == {"yes", "no"}
