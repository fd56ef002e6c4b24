"""However much and whatever is sent, the metrics stay as many, and no label repeats it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from crispml_core.rest.few_versions import MOST
from crispml_core.serving.ledger_writer import Served
from tests.services.challenging import challenge
from tests.services.service import CHALLENGER, VERSION, version_of

CANARY = "canary"
SERIES = 2_000  # as docs/metrics.md says

Series = set[tuple[str, tuple[tuple[str, str], ...]]]


def series_of(service: Any) -> Series:
    """Return every series of a service: its name and its labels."""
    text = service.client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def words(series: Series) -> Iterator[str]:
    for name, labels in series:
        yield name
        for _, value in labels:
            yield value


def annoy(service: Any, number: int) -> None:
    """Send what a caller can choose, everywhere, with the canary in it."""
    word, client = f"{CANARY}{number}", service.client
    headers = {
        "X-Request-ID": word,
        "Idempotency-Key": word,
        "User-Agent": word,
        "traceparent": f"00-{number:032x}-{number:016x}-01",
    }
    record = {"order_id": word, "amount": number, "items": 1, "channel": "web"}
    for path in (
        f"/{word}",
        f"/api/v1/{word}",
        f"/api/v1/use-cases/{word}",
        f"/api/v1/use-cases/{word}/new-data-score",
        f"/api/v1/use-cases/toy/{word}",
        f"/api/v1/runs/{word}",
        f"/api/v1/models/toy/versions/{word}",
        f"/api/v1/models/toy/aliases/{word}",
        f"/api/v1/scores?record_key={word}",
        f"/v2/models/{word}/versions/{word}/ready",
        f"/livez?{word}={word}",
    ):
        client.get(path, headers=headers)
        client.post(path, headers=headers, json=record)
        client.request(word.upper(), path, headers=headers)
    score = "/api/v1/use-cases/toy/new-data-score"
    client.post(score, json=record)
    client.post(f"{score}?alias={word}", json=record, headers=headers)
    client.post(f"{score}?model_version={word}", json=record, headers=headers)
    client.post(score, json=record | {"channel": word, word: word})
    client.post(score, content=word, headers={"Content-Type": word})
    label = {"record_key": word, "label": "yes", "source": word}
    client.post("/api/v1/use-cases/toy/new-data-label", json=[label])
    client.post("/api/v1/use-cases/toy/new-data-label", json=[label | {"label": word}])
    client.post("/api/v1/use-cases/toy/new-data-report", json={"version": word})
    client.post("/api/v1/use-cases/toy/cycle", json={"algorithms": [word]})
    # Whoever may move aliases can invent any number of them.
    alias = {"version": VERSION, "moved_by": word, "reason": word}
    client.put(f"/api/v1/models/toy/aliases/{word}", json=alias)


def test_what_is_sent_makes_no_series(service: Any) -> None:
    if service.app.title.endswith("training"):
        service.parts.models.publish(version_of(service.parts.use_cases["toy"]), {})
    annoy(service, 0)
    series_of(service)  # to look is a request too
    once = series_of(service)
    for number in range(1, 25):
        annoy(service, number)
    often = series_of(service)
    assert often == once
    assert not [word for word in words(often) if CANARY in word.lower()]


def test_every_verb_at_every_address_makes_a_bounded_number_of_series(service: Any) -> None:
    for template in service.app.openapi()["paths"]:
        path = re.sub(r"{\w+}", CANARY, template)
        for verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", CANARY):
            if not path.endswith("/events"):  # it never ends
                service.client.request(verb, path, json={})
                service.client.request(verb, path)
    found = series_of(service)
    assert len(found) <= SERIES
    assert not [word for word in words(found) if CANARY in word.lower()]


def test_an_alias_of_ones_own_moves_as_other(training: Any) -> None:
    training.parts.models.publish(version_of(training.parts.use_cases["toy"]), {})
    for number in range(3):
        path = f"/api/v1/models/toy/aliases/{CANARY}{number}"
        assert training.client.put(path, json={"version": VERSION}).status_code == 200
    text = training.client.get("/metrics").text
    assert 'crispml_alias_moves_total{alias="other",model="toy"} 3.0' in text
    assert "crispml_alias_info{" not in text


def test_versions_end_and_those_in_service_stay(fresh_scoring: Any) -> None:
    challenge(fresh_scoring, 0.0)
    commit = fresh_scoring.parts.engine._on_commit
    for day in range(200):
        commit({Served("toy", "toy", f"2027{day:04}", "champion", (), ()): 1}, 0.001)
    for version in (VERSION, CHALLENGER):
        commit({Served("toy", "toy", version, "champion", (), ()): 1}, 0.001)
    told = {
        dict(labels)["version"]
        for name, labels in series_of(fresh_scoring)
        if name == "crispml_scores_total"
    }
    assert told == {VERSION, CHALLENGER, *(f"2027{day:04}" for day in range(200 - MOST, 200))}
