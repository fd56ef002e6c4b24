"""A request with a source and a sink becomes a run, or is refused before anything is stored."""

import json
import os

import pyarrow.parquet as pq
import pytest

from crispml_core.domain.runs import RunStatus

SCORE = "/api/v1/use-cases/toy/new-data-score"
JOB = {"source": {"parquet": "orders/2026.parquet"}, "sink": {"parquet": "scores/2026"}}
VERSION = "20260101-000000-abcdef01"


@pytest.fixture
def folder(tmp_path, toy_rows):
    (tmp_path / "orders").mkdir()
    table = toy_rows(10)
    pq.write_table(table, tmp_path / "orders" / "labelled.parquet")
    pq.write_table(table.drop_columns(["returned"]), tmp_path / "orders" / "2026.parquet")
    return tmp_path


@pytest.fixture
def post(scoring, folder):
    def send(headers=None, query="", **changes):
        return scoring.client.post(SCORE + query, json=JOB | changes, headers=headers)

    return send


def runs(scoring):
    return scoring.client.get("/api/v1/runs").json()["items"]


def test_a_batch_is_accepted_as_a_queued_run_with_the_version_that_will_answer(scoring, post):
    answer = post({"X-Request-ID": "r-7"})
    run = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/runs/{run['id']}"
    assert (run["method"], run["status"], run["request_id"]) == ("new-data-score", "queued", "r-7")
    assert run["parameters"] == {
        **JOB,
        "chunk_rows": 65536,
        "model_version": VERSION,
        "alias": "champion",
        "fallback": False,
    }
    assert scoring.client.get(answer.headers["Location"]).json() == run
    assert runs(scoring) == [run]
    assert scoring.executor.calls[-1] == "wake"


def test_a_batch_may_name_its_version_its_chunks_and_its_time(post):
    run = post(model_version=VERSION, chunk_rows=1000, timeout_s=5).json()
    assert (run["parameters"]["alias"], run["parameters"]["chunk_rows"]) == (None, 1000)
    assert run["timeout_s"] == 5
    assert post(query=f"?model_version={VERSION}", sink={"parquet": "other"}).status_code == 202


def test_a_repeated_key_returns_its_run_even_when_the_sink_is_full_by_then(scoring, post, folder):
    key = {"Idempotency-Key": "k-1"}
    first = post(key)
    done = folder / "scores" / "2026"
    done.mkdir(parents=True)
    (done / "part-000000.parquet").touch()
    again = post(key)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert len(runs(scoring)) == 1
    other = post(key, chunk_rows=5)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_sink_that_is_taken_is_refused_at_once(scoring, post, folder):
    (folder / "scores" / "2026").mkdir(parents=True)
    (folder / "scores" / "2026" / "manifest.json").write_text("{}")
    answer = post()
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "sink" in answer.json()["detail"]
    assert runs(scoring) == []


def test_two_live_batches_never_fill_one_sink(post):
    first = post()
    second = post(chunk_rows=7)
    assert second.status_code == 409
    assert first.json()["id"] in second.json()["detail"]


PLACES = ["/etc/passwd", "../secret", "orders/../../x", ".work/x", "a//b", "a\\b", "out/x", "a\nb"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", ["source", "sink"])
def test_a_place_that_leads_out_is_refused_and_not_repeated(scoring, post, folder, place, what):
    (folder / "out").symlink_to("/")
    answer = post(**{what: {"parquet": place}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert what in answer.json()["detail"]
    assert place not in answer.text
    assert str(folder) not in answer.text
    assert runs(scoring) == []


def test_a_link_that_stays_inside_is_followed(post, folder):
    os.symlink("2026.parquet", folder / "orders" / "newest.parquet")
    assert post(source={"parquet": "orders/newest.parquet"}).status_code == 202


WRONG = {
    "no source at this name": ({"source": {"parquet": "orders/none.parquet"}}, 422),
    "two kinds of source": (
        {"source": {"parquet": "a", "sql": {"query": "q", "connection": "c"}}},
        422,
    ),
    "no kind of source": ({"source": {}}, 422),
    "a connection that nobody named": ({"source": {"sql": {"query": "q", "connection": "c"}}}, 422),
    "the sink is no object": ({"sink": "scores"}, 422),
    "the source is missing": ({"source": None}, 422),
    "chunks of nothing": ({"chunk_rows": 0}, 422),
    "an unknown name": ({"sinks": 1}, 422),
    "alias and version": ({"alias": "champion", "model_version": VERSION}, 422),
    "an alias that is not there": ({"alias": "nobody"}, 404),
    "a version that is not there": ({"model_version": "v0"}, 404),
    "the target among the columns": ({"source": {"parquet": "orders/labelled.parquet"}}, 422),
}


@pytest.mark.parametrize("changes_status", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_request_is_refused_before_anything_is_stored(scoring, post, changes_status):
    changes, status = changes_status
    answer = post(**changes)
    assert answer.status_code == status, answer.text
    assert runs(scoring) == []


def test_reasons_and_intervals_are_not_for_batches(post):
    assert post(query="?explain=true").status_code == 422
    assert post(query="?interval=0.9").status_code == 422


def test_a_file_that_is_no_parquet_is_refused(post, folder):
    (folder / "orders" / "odd.parquet").write_bytes(b"PAR1 not really")
    answer = post(source={"parquet": "orders/odd.parquet"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_content")


def test_a_record_is_still_a_record(scoring):
    record = {"order_id": "sink", "amount": 5, "items": 1, "channel": "web", "note": '"source"'}
    answer = scoring.client.post(SCORE, content=json.dumps(record).encode(), headers=_JSON)
    assert answer.status_code == 200, answer.text
    odd = {**record, "sink": "x", "source": "y"}
    assert scoring.client.post(SCORE, json=odd).json()["code"] == "invalid_records"


_JSON = {"Content-Type": "application/json"}


def test_a_queued_batch_is_cancelled(scoring, post):
    run = post().json()
    answer = scoring.client.post(f"/api/v1/runs/{run['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    assert post().status_code == 202, "its sink is free again"


def test_prefer_wait_answers_with_the_finished_run(scoring, post):
    store = scoring.app.state.runs.store

    def end():
        run = store.lease("worker", 60, ("new-data-score",))
        store.finish(run.id, "worker", RunStatus.SUCCEEDED, result={"rows": 10})

    scoring.executor.on_wake = end
    answer = post({"Prefer": "wait=30"})
    assert (answer.status_code, answer.json()["result"]) == (200, {"rows": 10})


def test_events_of_a_batch_end_with_it(scoring, post):
    run = post().json()
    scoring.client.post(f"/api/v1/runs/{run['id']}/cancel")
    events = scoring.client.get(f"/api/v1/runs/{run['id']}/events").text
    assert '"status":"cancelled"' in events


def test_each_service_shows_its_own_runs_only(scoring, post):
    store = scoring.app.state.runs.store
    batch = store.get(post().json()["id"])
    other = batch.__class__(
        id="0" * 36,
        use_case="toy",
        method="cycle",
        status=RunStatus.QUEUED,
        parameters={},
        created_at=batch.created_at,
        timeout_s=1,
    )
    store.enqueue(other)
    assert [run["id"] for run in runs(scoring)] == [batch.id]
    for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/cancel")):
        answer = scoring.client.request(method, f"/api/v1/runs/{other.id}{path}")
        assert answer.status_code == 404
    assert store.get(other.id).status is RunStatus.QUEUED
    assert scoring.client.get("/api/v1/runs?method=cycle").status_code == 422
    assert len(scoring.client.get("/api/v1/runs?method=new-data-score").json()["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"source": {"sql": {"query": "select 1", "connection": "c"}}}, "source.sql"),
        ({}, "source.parquet"),
        ({"source": {"parquet": "toys/a"}}, "source.parquet"),
        ({"source": {"parquet": "toy/../orders"}, "sink": {"parquet": "scores"}}, "sink.parquet"),
    ],
)
def test_who_may_score_one_use_case_reaches_no_data_of_others(guarded_scoring, changes, says):
    for grants, status in ((("scorer:toy",), 403), (("scorer",), None)):
        headers = guarded_scoring.key_for(*grants)
        answer = guarded_scoring.client.post(SCORE, json=JOB | changes, headers=headers)
        assert status is None or (answer.status_code, says in answer.json()["detail"]) == (
            403,
            True,
        )
        assert status is not None or answer.status_code != 403


def test_who_may_score_one_use_case_has_a_folder_of_its_own(guarded_scoring, folder):
    (folder / "orders").rename(folder / "toy")
    headers = guarded_scoring.key_for("scorer:toy")
    job = {"source": {"parquet": "toy/2026.parquet"}, "sink": {"parquet": "toy/scores"}}
    assert guarded_scoring.client.post(SCORE, json=job, headers=headers).status_code == 202
    job["sink"] = {"parquet": "toy/../scores"}
    assert guarded_scoring.client.post(SCORE, json=job, headers=headers).status_code == 422
