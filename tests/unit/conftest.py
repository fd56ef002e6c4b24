"""A trained toy model that answers, and services without a network."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import Lineage
from crispml_core.methods.data_curation import DataCuration
from crispml_core.methods.model_persist import ModelFacts, draft_version
from crispml_core.methods.model_training import ModelTraining
from crispml_core.serving.pipeline_scorer import PipelineScorer, pipeline_of


@dataclass(frozen=True)
class Trained:
    """A scorer with the pipeline, the frame and the facts it came from."""

    scorer: PipelineScorer
    pipeline: object
    prepared: object
    facts: ModelFacts


@pytest.fixture
def trained(toy, toy_rows, prepared) -> Trained:
    frame = prepared(toy, toy_rows(400))
    transformer, curated = DataCuration(toy, toy.algorithms[0]).run(frame)
    fitted = ModelTraining(toy, toy.algorithms[0]).run(curated)
    names = ("raw", "prepared", "curated", "curation", "model", "report", "run")
    facts = ModelFacts(
        algorithm="linear",
        hyperparameters=fitted.hyperparameters,
        seed=0,
        threshold=fitted.threshold,
        kpis={"select": fitted.kpis, "test": {}},
        libraries={"python": "3"},
        trusted_types=(),
        lineage=Lineage(**{name: f"id-{name}" for name in names}),
    )
    draft = draft_version(toy, facts, b"bytes", utc_now())
    pipeline = pipeline_of(transformer, fitted.estimator)
    return Trained(PipelineScorer(toy, draft, pipeline), pipeline, frame, facts)


class FakeServices:
    """Each route has a queue of answers, the last one is repeated; requests are kept.

    An answer is a JSON value, a response, an exception to raise, or a function of the request.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.a_run = {
            "id": "r1",
            "use_case": "credit",
            "method": "cycle",
            "status": "running",
            "parameters": {},
            "created_at": "2026-01-01T00:00:00Z",
            "timeout_s": 60.0,
            "percent": 10.0,
        }
        self.transport = httpx.MockTransport(self._handle)
        self._answers: dict[tuple[str, str], list[Any]] = defaultdict(list)

    def on(self, method: str, path: str, *answers: Any) -> None:
        self._answers[method, path] += answers

    def run(self, **changes: Any) -> dict[str, Any]:
        return {**self.a_run, **changes}

    def body(self, path_end: str, index: int = 0) -> Any:
        sent = [item for item in self.requests if item.url.path.endswith(path_end)]
        return json.loads(sent[index].content)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        queue = self._answers.get((request.method, request.url.path))
        if not queue:
            return httpx.Response(404, json={"detail": "no such thing", "code": "not_found"})
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()
