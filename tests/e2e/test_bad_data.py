"""Bad data and broken stores through real services: one clear problem, and nothing is left behind.

Both apps run in process on a real database and a real volume; runs execute inside the request.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.bootstrap.scoring import build as build_scoring
from crispml_core.bootstrap.training import build
from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.runs import CYCLE, TRAINING_METHODS
from crispml_core.runs.worker import work
from crispml_scoring.app import create_app as create_scoring
from crispml_training.app import create_app as create_training

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

INGEST = "/api/v1/use-cases/patience/data-ingestion"
SCORE = "/api/v1/use-cases/patience/new-data-score"
CSV = {"Content-Type": "text/csv", "Prefer": "wait=30"}
JSON = {"Content-Type": "application/json", "Prefer": "wait=30"}
CANARY = "canary-7319"
GOOD = "".join(f"{n},{(n * 37 % 19 - 9) / 3},{int(n * 37 % 19 > 9)}\n" for n in range(100))


class AtOnce:
    """Executes runs where they were queued."""

    def __init__(self, parts):
        self.parts = parts

    def start(self):
        pass

    def stop(self):
        pass

    def wake(self):
        runs = self.parts.runs
        while run := runs.lease("here", 60, (*TRAINING_METHODS, CYCLE)):
            work(runs, run.id, "here", self.parts.training.execute)


@pytest.fixture
def training(settings):
    app = create_training(build(settings), settings, AtOnce)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def scoring(settings):
    app = create_scoring(build_scoring(settings), settings)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def fingerprint(settings):
    """Take a digest of everything on the volume, to see that nothing changed."""

    def take():
        root = settings.registry.path
        files = sorted(path for path in root.rglob("*") if path.is_file()) if root.exists() else []
        return [(str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]

    return take


def champion(training):
    run = training.post(
        "/api/v1/use-cases/patience/cycle", json={"promote": True}, headers=JSON
    ).json()
    assert run["status"] == "succeeded", run["error"]
    return run["result"]["best"]


def parquet(**columns):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "malformed_content", ""),
        (b"id,x,y\n", "invalid_input", "no rows"),
        (b"id,x\n1,2\n", "invalid_records", "y"),
        (f"id,x,y,{CANARY}\n1,2,0,5\n".encode(), "invalid_records", "column number 4"),
        (b"id,x,X,y\n1,2,3,0\n", "invalid_records", "x"),
        (b"id,x,x,y\n1,2,3,0\n", "invalid_records", "column x is there 2 times"),
        (b"idd,x,y\n1,2,0\n", "invalid_records", "did you mean 'id'"),
        (f"id,x,y\n{GOOD}7,1.0,0\n".encode(), "invalid_records", "row 100"),
        (f"id,x,y\n{GOOD}500,{CANARY},0\n".encode(), "invalid_records", "row 100"),
        (f"id,x,y\n{GOOD}500,inf,0\n".encode(), "invalid_records", "row 100"),
        (f"id,x,y\n{GOOD}500,,0\n".encode(), "invalid_records", "row 100"),
        (f"id,x,y\n{GOOD}500,1.0,{CANARY}\n".encode(), "invalid_records", "row 100"),
        (f"id,x,y\n{GOOD}5.5,1.0,1\n".encode(), "invalid_records", "row 100"),
        (b"id,x,y\n1,1,0\n2,2,0\n", "invalid_input", "at least two classes"),
        (f"id,x,y\n{GOOD}500,1,0,9\n".encode(), "malformed_content", "line 102"),
        (f"id,x,y\n{GOOD}".encode() + b"500,\xff,0\n", "malformed_content", "line 102"),
    ],
    ids=[
        "empty file",
        "header only",
        "missing column",
        "extra column",
        "misspelt column",
        "duplicate column",
        "misspelt key",
        "duplicate key",
        "text for a number",
        "infinity",
        "missing value",
        "unknown class",
        "fraction for an integer",
        "one class only",
        "ragged row",
        "broken UTF-8",
    ],
)
def test_a_bad_csv_is_refused_and_leaves_nothing(
    training, fingerprint, caplog, content, code, says
):
    before = fingerprint()
    answer = training.post(INGEST, content=content, headers=CSV)
    body = answer.json()
    error = body if answer.status_code >= 400 else body["error"]
    assert error["code"] == code, error
    text = str(error)
    assert says in text
    assert CANARY not in text + caplog.text
    assert fingerprint() == before
    assert training.get("/api/v1/datasets").json()["items"] == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PAR1 this is not one PAR1", "malformed_content"),
        (parquet(id=[1, 2], x=[1.0, 2.0], y=["0", "1"])[:-20], "malformed_content"),
        (parquet(id=[1, 2], x=[1.0, float("nan")], y=["0", "1"]), "invalid_records"),
        (parquet(id=[1, 2], x=["a", "b"], y=["0", "1"]), "invalid_records"),
    ],
    ids=["no Parquet", "cut off", "NaN", "wrong type"],
)
def test_a_bad_parquet_file_is_refused_and_leaves_nothing(training, fingerprint, content, code):
    before = fingerprint()
    headers = {"Content-Type": "application/vnd.apache.parquet", "Prefer": "wait=30"}
    run = training.post(INGEST, content=content, headers=headers).json()
    assert run["error"]["code"] == code
    assert run["error"]["step"] == "data-ingestion"
    assert fingerprint() == before


def test_the_same_rows_as_csv_and_as_parquet_are_one_data_set(training):
    ids, xs, ys = zip(*(line.split(",") for line in GOOD.split()), strict=True)
    as_parquet = parquet(
        id=list(map(int, ids)), x=list(map(float, xs)), y=pa.array(map(int, ys), pa.int8())
    )
    one = training.post(INGEST, content=f"id,x,y\n{GOOD}", headers=CSV).json()
    headers = {"Content-Type": "application/vnd.apache.parquet", "Prefer": "wait=30"}
    two = training.post(INGEST, content=as_parquet, headers=headers).json()
    assert one["result"] == two["result"]
    assert one["result"]["rows"] == 100


def test_an_altered_version_is_not_served_and_says_so(training, settings):
    version = champion(training)
    model = settings.registry.path / "models" / "patience" / version / "model.skops"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with TestClient(create_scoring(build_scoring(settings), settings)) as scoring:
        answer = scoring.post(SCORE, json={"id": 1, "x": 0.5})
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert "model.skops" in answer.json()["detail"]
        assert scoring.get("/api/v1/scores").json()["items"] == []


def test_a_version_of_another_definition_is_not_served(training, settings):
    champion(training)
    parts = build_scoring(settings)
    use_case = parts.use_cases["patience"]
    parts.use_cases["patience"] = replace(use_case, digest="0" * 64)
    with TestClient(create_scoring(parts, settings)) as scoring:
        answer = scoring.post(SCORE, json={"id": 1, "x": 0.5})
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert "another definition" in answer.json()["detail"]


def test_before_the_first_version_scoring_says_what_to_do(scoring):
    answer = scoring.post(SCORE, json={"id": 1, "x": 0.5})
    assert answer.status_code == 503
    assert "no champion yet" in answer.json()["detail"]


def test_a_target_in_a_request_is_refused(training, scoring):
    champion(training)
    answer = scoring.post(SCORE, json={"id": 1, "x": 0.5, "y": "1"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["rule"] == "target_in_request"


def test_what_was_scored_and_labelled_verifies_to_the_training_report(training, scoring):
    version = champion(training)
    run = training.get("/api/v1/runs").json()["items"][0]
    rows = training.get(
        f"/api/v1/datasets/{run['result']['prepared_id']}/rows?split=test&limit=500"
    ).json()["items"]
    scores = scoring.post(SCORE, json=[{"id": r["id"], "x": r["x"]} for r in rows]).json()
    labels = [{"record_key": r["id"], "label": r["y"]} for r in rows]
    receipt = scoring.post("/api/v1/use-cases/patience/new-data-label", json=labels).json()
    assert receipt["counts"]["accepted"] == len(rows) == len(scores["scores"])
    report = scoring.post("/api/v1/use-cases/patience/new-data-report", json={"version": version})
    content = report.json()["content"]
    trained = training.get(f"/api/v1/models/patience/versions/{version}").json()["kpis"]["test"]
    assert content["kpis"]["auc"]["value"] == trained["auc"]
    assert content["coverage"] == 1.0


def test_a_repeated_request_is_answered_from_the_ledger(training, scoring):
    champion(training)
    headers = {"Idempotency-Key": "order-17"}
    first = scoring.post(SCORE, json={"id": 1, "x": 0.5}, headers=headers)
    again = scoring.post(SCORE, json={"id": 1, "x": 0.5}, headers=headers)
    other = scoring.post(SCORE, json={"id": 2, "x": 0.5}, headers=headers)
    assert again.json()["scores"] == first.json()["scores"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(scoring.get("/api/v1/scores").json()["items"]) == 1


def test_a_missing_database_stops_the_start_with_one_sentence(settings):
    gone = settings.model_copy(
        update={"database": settings.database.model_copy(update={"url": _secret("/nowhere/x.db")})}
    )
    with pytest.raises(CrispMLError, match="CRISPML_DATABASE__URL"):
        build(gone)


def test_a_database_without_tables_names_the_command(settings, tmp_path):
    (tmp_path / "empty.db").touch()
    url = _secret(f"{tmp_path}/empty.db")
    empty = settings.model_copy(
        update={"database": settings.database.model_copy(update={"url": url})}
    )
    with pytest.raises(CrispMLError, match="crispml db upgrade"):
        build_scoring(empty)


def _secret(path):
    from pydantic import SecretStr

    return SecretStr(f"sqlite:///{path}")
