"""Whichever way a record comes in, what is stored of it is what its policies let through."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.scores import ScoreGroup
from crispml_core.rest.server import listen, make_server
from crispml_core.serving.stored_inputs import stored_rows, verify_rows

SCORE = "/api/v1/use-cases/toy/new-data-score"
LABEL = "/api/v1/use-cases/toy/new-data-label"
RECORD = {
    "order_id": "ORDER-kanarie",
    "amount": 733.5,
    "items": 2,
    "channel": "web",
    "note": "NOTE-kanarie",
    "customer": "CUSTOMER-kanarie",
    "street": "STREET-kanarie",
    "born": "1913-03-07",
}
CLEAR = (b"kanarie", b"733.5", b"1913-03-07")


def many(rows: int) -> list[dict[str, Any]]:
    return [RECORD | {"order_id": f"ORDER-kanarie-{number}"} for number in range(rows)]


def table(rows: int) -> pa.Table:
    records = [record | {"born": date(1913, 3, 7)} for record in many(rows)]
    return pa.Table.from_pylist(records)


def parquet(rows: int) -> bytes:
    pq.write_table(table(rows), sink := io.BytesIO())
    return sink.getvalue()


def arrow(rows: int) -> bytes:
    found, sink = table(rows), io.BytesIO()
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return sink.getvalue()


def csv(rows: int) -> str:
    lines = [",".join(RECORD), *(",".join(map(str, each.values())) for each in many(rows))]
    return "\n".join(lines)


def v2(rows: int) -> dict[str, Any]:
    kinds = {"amount": "FP64", "items": "INT64"}
    return {
        "inputs": [
            {
                "name": name,
                "shape": [rows, 1],
                "datatype": kinds.get(name, "BYTES"),
                "data": [each[name] for each in many(rows)],
            }
            for name in RECORD
        ]
    }


def frame(rows: int) -> dict[str, Any]:
    data = [list(each.values()) for each in many(rows)]
    return {"dataframe_split": {"columns": list(RECORD), "data": data}}


WAYS = {
    "one JSON record": lambda client: client.post(SCORE, json=RECORD),
    "some JSON records": lambda client: client.post(SCORE, json=many(3)),
    "many JSON records": lambda client: client.post(SCORE, json=many(200)),
    "columns of JSON": lambda client: client.post(SCORE, json=many(300)),
    "NDJSON": lambda client: client.post(
        SCORE,
        content="\n".join(map(json.dumps, many(3))),
        headers={"Content-Type": "application/x-ndjson"},
    ),
    "CSV": lambda client: client.post(SCORE, content=csv(3), headers={"Content-Type": "text/csv"}),
    "Parquet": lambda client: client.post(
        SCORE, content=parquet(3), headers={"Content-Type": "application/vnd.apache.parquet"}
    ),
    "Arrow": lambda client: client.post(
        SCORE, content=arrow(3), headers={"Content-Type": "application/vnd.apache.arrow.stream"}
    ),
    "V2": lambda client: client.post("/v2/models/toy/infer", json=v2(3)),
    "V2 in columns": lambda client: client.post("/v2/models/toy/infer", json=v2(300)),
    "invocations": lambda client: client.post("/invocations", json=frame(3)),
}


def check_stored(private_scoring: Any, groups: list[ScoreGroup]) -> None:
    """Check that the groups hold what the policies let through, and nothing else."""
    assert groups
    (subject,) = {key for group in groups for key in group.scores.subject_key_ids or ()}
    assert subject == private_scoring.parts.privacy.vault.identify("CUSTOMER-kanarie")
    for group in groups:
        names, rows = stored_rows(group)
        assert names == ("order_id", "amount", "items", "channel", "customer", "street", "born")
        assert verify_rows(group) == []
        everything = msgspec.msgpack.encode((group, rows))
        assert [value for value in CLEAR if value in everything] == []
        for key, row in zip(group.scores.record_keys, rows, strict=True):
            assert row[:4] == (key, 700.0, 2, "web")
            assert key.startswith("k1.")
            assert row[5].startswith("enc1.")
            assert row[6].startswith("enc1.")


@pytest.mark.parametrize("way", WAYS)
def test_the_stored_records_are_what_the_policies_let_through(
    private_scoring: Any, way: str
) -> None:
    answer = WAYS[way](private_scoring.client)

    assert answer.status_code == 200, answer.text
    check_stored(private_scoring, private_scoring.parts.ledger.groups)
    if "scores" in answer.text:
        assert "ORDER-kanarie" in answer.text, "the caller gets the key that they sent"


def test_so_it_is_at_the_socket(private_scoring: Any) -> None:
    with listen("127.0.0.1", 0) as listener:
        server = make_server(private_scoring.app, private_scoring.parts.settings, lifespan="off")
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
            answers = [client.post(SCORE, json=RECORD) for _ in range(5)]
        server.should_exit = True
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert answers[-1].json()["scores"][0]["record_key"] == "ORDER-kanarie"
    groups = private_scoring.parts.ledger.groups
    check_stored(private_scoring, groups)
    cells = {stored_rows(group)[1][0][5] for group in groups}
    assert len(cells) == 5, "the same street is another cell each time"


def test_a_repeated_request_gets_its_own_keys_back(private_scoring: Any) -> None:
    for body in (many(3), many(300)):
        key = {"Idempotency-Key": f"again-{len(body)}"}
        first, second = (
            private_scoring.client.post(SCORE, json=body, headers=key) for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json()["scores"] == second.json()["scores"]
        assert first.json()["scores"][0]["record_key"] == "ORDER-kanarie-0"
    for group in private_scoring.parts.ledger.groups:
        assert len(group.fingerprint) == 64


def test_the_digest_of_a_request_cannot_be_guessed_from_its_record(
    private_scoring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crispml_scoring import score_records

    made = []
    asked = score_records.request_fingerprint

    def told(*arguments: Any) -> str:
        made.append(asked(*arguments))
        return made[-1]

    monkeypatch.setattr(score_records, "request_fingerprint", told)
    key = {"Idempotency-Key": "once"}
    assert private_scoring.client.post(SCORE, json=RECORD, headers=key).status_code == 200
    (group,) = private_scoring.parts.ledger.groups
    assert group.fingerprint not in (None, *made)


@pytest.mark.parametrize("path", [SCORE, "/invocations"])
def test_what_is_kept_of_a_refused_record_does_not_tell_its_values(
    private_scoring: Any, path: str
) -> None:
    body = json.dumps(RECORD | {"items": -1}).encode()
    kind = {"Content-Type": "application/json"}
    assert private_scoring.client.post(path, content=body, headers=kind).status_code == 422
    kept = [digest for event in _refused(private_scoring) if (digest := event["payload_digest"])]
    assert hashlib.sha256(body).hexdigest() not in kept
    assert all(len(digest) == 64 for digest in kept)


def _refused(private_scoring: Any) -> list[dict[str, Any]]:
    """Return the events of refused requests, once they are committed."""
    end = time.monotonic() + 5
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < end:
        items = private_scoring.client.get("/api/v1/serving-events").json()["items"]
        found = [event for event in items if event["kind"] == "refused"]
    assert found
    return found


def test_scores_and_labels_are_found_by_the_key_that_the_business_knows(
    private_scoring: Any,
) -> None:
    client = private_scoring.client
    client.post(SCORE, json=many(3))
    label = {"record_key": "ORDER-kanarie-1", "label": "yes"}
    done = client.post(LABEL, json=[label]).json()
    assert done["counts"]["accepted"] == 1
    assert "kanarie" not in repr(private_scoring.parts.ledger.labels)

    for path in ("/api/v1/scores", "/api/v1/labels"):
        asked = {"use_case": "toy", "record_key": "ORDER-kanarie-1"}
        (found,) = client.get(path, params=asked).json()["items"]
        assert found["record_key"].startswith("k1.")
        refused = client.get(path, params={"record_key": "ORDER-kanarie-1"})
        assert refused.status_code == 422
        assert "use_case" in refused.text
        assert "ORDER" not in refused.text


def dossier(client: Any) -> dict[str, Any]:
    (score, *_) = client.get("/api/v1/scores").json()["items"]
    answer = client.get(f"/api/v1/scores/{score['score_id']}/dossier")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["input"]
    return found


def test_a_dossier_shows_what_is_encrypted_until_its_subject_is_erased(
    private_scoring: Any,
) -> None:
    client, vault = private_scoring.client, private_scoring.parts.privacy.vault
    client.post(SCORE, json=RECORD | {"street": None})
    assert dossier(client)["street"] is None
    client.post(SCORE, json=RECORD)

    shown = dossier(client)
    assert (shown["street"], shown["born"]) == ("STREET-kanarie", "1913-03-07")
    assert shown["amount"] == 700.0
    assert shown["customer"].startswith("k1.")

    vault._store.destroy(vault.identify("CUSTOMER-kanarie"), at=datetime.now(UTC))
    erased = dossier(client)
    assert (erased["street"], erased["born"]) == ({"privacy": "erased"}, {"privacy": "erased"})
    assert erased["amount"] == 700.0


def test_while_the_keys_are_away_a_value_is_withheld_and_the_score_is_given(
    private_scoring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(keys: Any) -> Any:
        raise StoreUnavailable("away")

    monkeypatch.setattr(private_scoring.parts.privacy.vault._store, "add", away)
    answer = private_scoring.client.post(SCORE, json=RECORD)
    assert answer.status_code == 200
    (group,) = private_scoring.parts.ledger.groups
    _, (row,) = stored_rows(group)
    assert row[5:] == ("withheld", "withheld")
    assert b"kanarie" not in msgspec.msgpack.encode((group, row))


def test_the_journal_has_no_more_than_the_database_would_have(
    private_scoring: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ledger = private_scoring.parts.ledger

    def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append", away)
        answer = private_scoring.client.post(SCORE, json=many(3))
        assert answer.json()["durability"] == "journal"
        written = b"".join(
            file.read_bytes() for file in (tmp_path / "journal").rglob("*") if file.is_file()
        )
    assert b"k1." in written
    assert [value for value in CLEAR if value in written] == []
