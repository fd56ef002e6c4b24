from __future__ import annotations

import httpx
import pytest

from crispml_core.client.errors import RequestRefused
from crispml_core.client.scoring import ScoringClient

PATH = "/api/v1/use-cases/credit/new-data-score"
SCORES = b"score_id,record_key,prediction\r\ns1,1,bad\r\n"


@pytest.fixture
def scoring(service):
    return ScoringClient(service.connection())


def test_a_file_becomes_a_file_of_scores(service, scoring, tmp_path):
    facts = {"CrispML-Model": "credit", "CrispML-Version": "v1", "CrispML-Fallback": "true"}
    service.on("POST", PATH, httpx.Response(200, content=SCORES, headers=facts))
    records, target = tmp_path / "records.csv.gz", tmp_path / "scores.csv"
    records.write_bytes(b"packed")
    sent, received = [], []

    answer = scoring.score_file(
        "credit",
        records,
        "text/csv",
        target,
        encoding="gzip",
        version="v1",
        sent_bytes=sent.append,
        received_bytes=received.append,
    )

    request = service.requests[0]
    assert request.content == b"packed"
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["Accept"] == "text/csv"
    assert dict(request.url.params) == {"model_version": "v1"}
    assert target.read_bytes() == SCORES
    assert (answer.version, answer.alias, answer.fallback) == ("v1", None, True)
    assert (sent[-1], received[-1], answer.size) == (6, len(SCORES), len(SCORES))


def test_a_file_with_a_wrong_row_leaves_no_scores(service, scoring, tmp_path):
    problem = {"detail": "row 3: field age must be a number", "code": "invalid_input"}
    service.on("POST", PATH, httpx.Response(422, json=problem))

    with pytest.raises(RequestRefused, match="row 3"):
        scoring.score_file("credit", b"age\nx\n", "text/csv", tmp_path / "scores.csv")

    assert not (tmp_path / "scores.csv").exists()
