"""A service tells Prometheus of its calls, and of those of the runs that it started."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import MethodTiming, Run, RunStatus
from tests.services.service import VERSION

SCORE, LABEL = (f"/api/v1/use-cases/toy/new-data-{verb}" for verb in ("score", "label"))
RECORD = {"order_id": "O-1", "amount": 5.0, "items": 1, "channel": "web"}


def samples(service: Any) -> dict[tuple[str, ...], float]:
    """Return the values of a service by name and the sorted values of their labels."""
    text = service.client.get("/metrics").text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def grown(service: Any, before: dict[tuple[str, ...], float], *key: str) -> float:
    key = (key[0], *sorted(key[1:]))
    return samples(service).get(key, 0.0) - before.get(key, 0.0)


def test_scores_and_labels_are_calls_of_their_methods(scoring: Any) -> None:
    before = samples(scoring)
    records = [RECORD | {"order_id": f"O-{number}"} for number in range(3)]
    assert scoring.client.post(SCORE, json=records).status_code == 200
    labels = [{"record_key": "O-1", "label": "no"}, {"record_key": "O-2", "label": "yes"}]
    assert scoring.client.post(LABEL, json=labels).status_code == 200
    count, rows = "crispml_method_duration_seconds_count", "crispml_method_rows_total"
    assert grown(scoring, before, count, "toy", "new-data-score", "ok") == 1
    assert grown(scoring, before, rows, "toy", "new-data-score") == 3
    assert grown(scoring, before, count, "toy", "new-data-label", "ok") == 1
    assert grown(scoring, before, rows, "toy", "new-data-label") == 2
    for stage in ("wait", "score", "digest", "commit"):
        name = "crispml_group_stage_duration_seconds_count"
        assert grown(scoring, before, name, stage) == 1


def test_a_method_that_fails_is_an_error(scoring: Any) -> None:
    before = samples(scoring)
    answer = scoring.client.post(LABEL, json=[{"record_key": "O-1", "label": "perhaps"}])
    assert answer.status_code == 422
    name = "crispml_method_duration_seconds_count"
    assert grown(scoring, before, name, "toy", "new-data-label", "error") == 1


def test_the_state_of_the_process_is_told(service: Any) -> None:
    found = samples(service)
    assert found["crispml_process_threads",] >= 1
    assert ("crispml_process_resident_bytes",) in found
    assert ("crispml_process_open_files",) in found


def test_a_batch_whose_process_ended_is_a_call_of_its_method(scoring: Any) -> None:
    before = samples(scoring)
    queued = Run(
        id=str(new_id()),
        use_case="toy",
        method="new-data-score",
        status=RunStatus.QUEUED,
        parameters={"model_version": VERSION},
        created_at=utc_now(),
        timeout_s=60,
    )
    done = MethodTiming(
        method="new-data-score",
        status=RunStatus.SUCCEEDED,
        started_at=utc_now(),
        seconds=40.0,
        rows=1000,
    )
    ended = replace(queued, steps=(done,))
    scoring.executor.on_end(queued, ended)
    sums = "crispml_method_duration_seconds_sum"
    assert grown(scoring, before, sums, "toy", "new-data-score", "ok") == 40.0
    assert grown(scoring, before, "crispml_method_rows_total", "toy", "new-data-score") == 1000
