"""What the capacity model reads of a service is what the service did."""

from __future__ import annotations

from typing import Any

from crispml_core.capacity.readings import Reading

SCORE = "/api/v1/use-cases/toy/new-data-score"
RECORD = {"order_id": "O-1", "amount": 5.0, "items": 1, "channel": "web"}
SENT = 20


def read(service: Any, at_s: float) -> Reading:
    return Reading.parse(service.client.get("/metrics").text, at_s)


def test_scores_commits_and_processor_time_are_found_among_the_metrics(scoring: Any) -> None:
    before = read(scoring, 0.0)
    for number in range(SENT):
        record = RECORD | {"order_id": f"O-{number}"}
        assert scoring.client.post(SCORE, json=record).status_code == 200
    after = read(scoring, 1.0)

    assert after.scores - before.scores == SENT
    assert after.commits - before.commits == SENT, "one after the other is a group each"
    assert after.commit_s > before.commit_s
    assert after.cpu_s > before.cpu_s
