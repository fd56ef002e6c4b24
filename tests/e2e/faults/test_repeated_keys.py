"""An Idempotency-Key comes again: at the same time, with another body, after a kill."""

import io
import sqlite3
import threading
from collections import Counter
from contextlib import closing, suppress
from http.client import HTTPException

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.faults.service import until
from benchmarks.faults.world import SCORE, body, record

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}
PARQUET = "application/vnd.apache.parquet"
ROWS = 300_000


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def service(request, serve, world):
    found = serve(server__workers=request.param)
    until(lambda: len(list(world.journal.glob("*.journal"))) == request.param)
    return found


def at_once(service, requests):
    """Send requests at the same moment, and return their answers in order."""
    answers, barrier = [None] * len(requests), threading.Barrier(len(requests))

    def send(number, content, headers):
        barrier.wait()
        answers[number] = service.ask("POST", SCORE, content, headers)

    threads = [
        threading.Thread(target=send, args=(number, *request))
        for number, request in enumerate(requests)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_the_same_request_many_times_at_once_is_one_batch_with_one_answer(service, truth):
    keys = [f"key-{number}" for number in range(15)]
    for key in keys:
        headers = {**JSON, "Idempotency-Key": key}
        content = b"[" + body(f"{key}-a") + b"," + body(f"{key}-b") + b"]"
        answers = at_once(service, [(content, headers)] * 6)
        assert {status for status, _ in answers} == {200}
        assert len({content for _, content in answers}) == 1
    truth.look()
    assert truth.groups == len(keys)
    assert truth.keys == Counter(f"{key}-{row}" for key in keys for row in "ab")


def test_of_two_requests_with_one_key_at_once_one_is_stored_and_one_refused(service, truth):
    for number in range(15):
        headers = {**JSON, "Idempotency-Key": f"key-{number}"}
        requests = [(body(f"{side}-{number}"), headers) for side in ("left", "right")]
        (first, one), (second, other) = at_once(service, requests)
        assert sorted([first, second]) == [200, 422]
        refused = msgspec.json.decode(one if first == 422 else other)
        assert refused["code"] == "idempotency_key_reused"
    truth.look()
    assert truth.groups == 15
    for number in range(15):
        assert truth.keys[f"left-{number}"] + truth.keys[f"right-{number}"] == 1


def batch():
    """Return a Parquet file whose scores are several groups."""
    template = {name: [value] * ROWS for name, value in record("k").items()}
    template["order_id"] = [f"row-{number}" for number in range(ROWS)]
    sink = io.BytesIO()
    pq.write_table(pa.table(template), sink)
    return sink.getvalue()


def stored_groups(world):
    with closing(sqlite3.connect(world.database, timeout=30)) as reader:
        found = reader.execute(
            "SELECT group_id, row_count, version FROM score_groups ORDER BY group_no"
        )
        return list(found)


def test_a_batch_that_died_with_its_process_is_completed_by_its_key_without_doubles(serve, world):
    content = batch()
    headers = {"Content-Type": PARQUET, "Accept": PARQUET, "Idempotency-Key": "batch"}
    service = serve()
    answers = []

    def send():
        with suppress(OSError, HTTPException):  # its process is killed meanwhile
            answers.append(service.ask("POST", SCORE, content, headers))

    sending = threading.Thread(target=send)
    sending.start()
    until(lambda: stored_groups(world))
    service.kill()
    sending.join()
    before = stored_groups(world)
    assert 0 < sum(rows for _, rows, _ in before) < ROWS, "it was killed in the middle"
    assert not answers
    world.move(world.versions[1])  # which must not make a batch of two versions
    service = serve()
    status, answer = service.ask("POST", SCORE, content, headers)
    assert status == 200
    after = stored_groups(world)
    assert after[: len(before)] == before
    assert sum(rows for _, rows, _ in after) == ROWS
    assert {version for _, _, version in after} == {world.versions[0]}
    told = pq.read_table(io.BytesIO(answer))
    assert told.column("record_key").to_pylist() == [f"row-{number}" for number in range(ROWS)]
    with closing(sqlite3.connect(world.database)) as reader:
        keys = reader.execute("SELECT COUNT(DISTINCT record_key), COUNT(*) FROM scores").fetchone()
    assert keys == (ROWS, ROWS)
    # And once more: now nothing is left to do, and the answer is the same.
    assert service.ask("POST", SCORE, content, headers) == (200, answer)
    assert stored_groups(world) == after
