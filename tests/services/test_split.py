"""A challenger answers its share of the records in every dialect, and each answer says so."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from crispml_core.domain.challenge import place_in_split
from tests.services.challenging import challenge, until
from tests.services.service import CHALLENGER, SHADOW, VERSION

URL = "/api/v1/use-cases/toy/new-data-score"
SHARE = 0.4
KEYS = [f"O-{number:06d}" for number in range(60)]
WANTED = [CHALLENGER if place_in_split("toy", key) < SHARE else VERSION for key in KEYS]


def record(key: str) -> dict[str, Any]:
    return {"order_id": key, "amount": 12.5, "items": 2, "channel": "web", "note": None}


def test_single_records_are_split_by_their_key_and_always_alike(scoring: Any) -> None:
    challenge(scoring, SHARE)
    for _ in range(2):
        answers = [scoring.client.post(URL, json=record(key)).json() for key in KEYS]
        assert [answer["version"] for answer in answers] == WANTED
        assert {answer["alias"] for answer in answers} == {"champion", "challenger"}


def test_a_batch_names_the_version_of_each_score(scoring: Any) -> None:
    challenge(scoring, SHARE)
    answer = scoring.client.post(URL, json=[record(key) for key in KEYS])
    scores = answer.json()["scores"]
    assert [score["record_key"] for score in scores] == KEYS
    assert [score["version"] for score in scores] == WANTED
    assert answer.json()["version"] == VERSION
    assert set(answer.headers["CrispML-Versions"].split(", ")) == {VERSION, CHALLENGER}
    for score in scores[:10]:
        kept = scoring.client.get(f"/api/v1/scores/{score['score_id']}").json()
        assert (kept["record_key"], kept["version"]) == (score["record_key"], score["version"])


def test_without_a_share_no_score_names_a_version(scoring: Any) -> None:
    challenge(scoring, 0.0)
    answer = scoring.client.post(URL, json=[record(key) for key in KEYS])
    assert "version" not in answer.json()["scores"][0]
    assert "CrispML-Versions" not in answer.headers


def _csv(content: bytes) -> pa.Table:
    return pacsv.read_csv(io.BytesIO(content))


def _ndjson(content: bytes) -> pa.Table:
    return pa.Table.from_pylist([json.loads(line) for line in content.splitlines()])


READERS: dict[str, Callable[[bytes], pa.Table]] = {
    "text/csv": _csv,
    "application/x-ndjson": _ndjson,
    "application/vnd.apache.parquet": lambda content: pq.read_table(io.BytesIO(content)),
    "application/vnd.apache.arrow.stream": lambda content: pa.ipc.open_stream(content).read_all(),
}


@pytest.mark.parametrize("media", list(READERS))
def test_every_format_names_the_version_of_each_score(scoring: Any, media: str) -> None:
    challenge(scoring, SHARE)
    lines = b"".join(json.dumps(record(key)).encode() + b"\n" for key in KEYS)
    answer = scoring.client.post(
        URL, content=lines, headers={"Content-Type": "application/x-ndjson", "Accept": media}
    )
    assert answer.status_code == 200, answer.text
    table = READERS[media](answer.content)
    assert table["record_key"].to_pylist() == KEYS
    assert table["version"].to_pylist() == WANTED
    assert len(set(table["score_id"].to_pylist())) == len(KEYS)


def test_the_open_inference_protocol_has_an_output_for_the_version(scoring: Any) -> None:
    challenge(scoring, SHARE)
    kinds = {"amount": "FP64", "items": "INT64"}
    inputs = [
        {
            "name": name,
            "shape": [len(KEYS)],
            "datatype": kinds.get(name, "BYTES"),
            "data": [record(key)[name] for key in KEYS],
        }
        for name in ("order_id", "amount", "items", "channel")
    ]
    answer = scoring.client.post("/v2/models/toy/infer", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    outputs = {each["name"]: each["data"] for each in answer.json()["outputs"]}
    assert outputs["version"] == WANTED
    named = scoring.client.post(f"/v2/models/toy/versions/{VERSION}/infer", json={"inputs": inputs})
    assert "version" not in {each["name"] for each in named.json()["outputs"]}


def test_mlflow_clients_are_split_too_and_find_the_versions_in_a_header(scoring: Any) -> None:
    challenge(scoring, SHARE)
    body = {"dataframe_records": [record(key) for key in KEYS]}
    answer = scoring.client.post("/invocations", json=body)
    assert len(answer.json()["predictions"]) == len(KEYS)
    assert set(answer.headers["CrispML-Versions"].split(", ")) == {VERSION, CHALLENGER}
    body["params"] = {"alias": "champion"}
    assert "CrispML-Versions" not in scoring.client.post("/invocations", json=body).headers


def test_shadow_scores_are_counted_apart(scoring: Any) -> None:
    # The counters belong to the process: no other test may count under the version of this one.
    challenge(scoring, 0.0, SHADOW)
    scoring.client.post(URL, json=record("O-1"))
    wanted = f'crispml_shadow_scores_total{{model="toy",use_case="toy",version="{SHADOW}"}} 1.0\n'
    until(lambda: wanted in scoring.client.get("/metrics").text)


def test_the_short_way_leaves_the_share_of_the_challenger_to_the_app(scoring: Any) -> None:
    challenge(scoring, SHARE)
    plain = scoring.app.state.plain
    assert plain.is_answered(URL)
    replies: list[bytes] = []

    async def answered(key: str) -> bool:
        head = SimpleNamespace(path=URL, request_id="r", traceparent=None, authorization=None)
        body = json.dumps(record(key)).encode()
        taken = plain.answer(head, body, lambda status, fields, content: replies.append(content))
        await asyncio.sleep(0.02)
        return bool(taken)

    async def all_of_them() -> list[bool]:
        return [await answered(key) for key in KEYS[:20]]

    short = asyncio.run(all_of_them())
    assert short == [version == VERSION for version in WANTED[:20]]
    assert {json.loads(content)["version"] for content in replies} == {VERSION}
