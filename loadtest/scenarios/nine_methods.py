"""The nine methods, each called on its own with what the ones before gave."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
from locust import task

from crispml_core.client import SCORING_METHODS, TRAINING_METHODS
from loadtest.names import method_name
from loadtest.scenarios.answers import TheScore, tell_scores
from loadtest.scenarios.http_user import Read
from loadtest.scenarios.runs import RunningUser

_RECORDS = 50
_INGESTION, _PREPARATION, _CURATION, _TRAINING, _REPORT, _PERSIST = TRAINING_METHODS
_SCORE, _LABEL, _VERIFY = SCORING_METHODS


class NineMethods(RunningUser):
    """Walks through the nine methods again and again; no alias is moved."""

    fixed_count = 1

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._step = 0
        self._found: dict[str, Any] = {}
        self._labels: list[dict[str, Any]] = []

    @task
    def take_turn(self) -> None:
        """Look at the run of a method, or call the next one."""
        if self.is_running:
            result = self.look()
            if result is not None:
                self._found[TRAINING_METHODS[self._step]] = result
                self._step += 1
        elif self._step < len(TRAINING_METHODS):
            method = TRAINING_METHODS[self._step]
            self.start_run(method_name(method), method, self._parameters(method))
        else:
            for call in (self._score, self._label, self._verify):
                call()
            self._step = 0

    def failed(self) -> None:
        """Begin again: the methods after this one have nothing to go on."""
        self._step = 0

    def _parameters(self, method: str) -> dict[str, Any]:
        algorithm = self.load.use_case.algorithms[0].name
        asked: dict[str, Callable[[], dict[str, Any]]] = {
            _INGESTION: lambda: {},
            _PREPARATION: lambda: self._from(_INGESTION, "dataset_id"),
            _CURATION: lambda: {
                **self._from(_PREPARATION, "dataset_id"),
                "algorithm": algorithm,
            },
            _TRAINING: lambda: self._from(_CURATION, "curation_id"),
            _REPORT: lambda: self._from(_TRAINING, "model_id"),
            _PERSIST: lambda: {
                **self._from(_TRAINING, "model_id"),
                **self._from(_REPORT, "report_id"),
            },
        }
        return asked[method]()

    def _from(self, method: str, name: str) -> dict[str, Any]:
        return {name: self._found[method][name]}

    def _score(self) -> None:
        drawn = [self.load.records.valid() for _ in range(_RECORDS)]
        scores: list[TheScore] = []
        self._call(
            _SCORE,
            {"records": [one.values for one in drawn]},
            lambda content: scores.extend(tell_scores(self.load, content, len(drawn))),
        )
        self._labels = [
            {"score_id": score.score_id, "label": one.truth}
            for score, one in zip(scores, drawn, strict=bool(scores))
        ]

    def _label(self) -> None:
        if self._labels:
            self._call(_LABEL, {"labels": self._labels}, None)

    def _verify(self) -> None:
        version = self._found[_PERSIST]["version"]
        self._call(_VERIFY, {"version": version}, None)

    def _call(self, method: str, body: dict[str, Any], read: Read | None) -> None:
        self.send(
            method_name(method),
            self.load.scoring(method),
            msgspec.json.encode(body),
            due=time.perf_counter(),
            is_open=False,
            read=read,
        )
