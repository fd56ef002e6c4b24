"""The door of the training service: check a request, execute a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from crispml_core.domain.errors import NotFound
from crispml_core.domain.health import HealthVerdict
from crispml_core.domain.models import AliasEvent
from crispml_core.domain.runs import CYCLE, REPRODUCE, Run
from crispml_core.domain.search import parse_search
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.cycle import method_calls, run_cycle
from crispml_core.pipelines.data_steps import curate, ingest, prepare
from crispml_core.pipelines.health import judge_version
from crispml_core.pipelines.model_steps import persist, report, train
from crispml_core.pipelines.promotion import move_alias, remove_alias
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.reproduce import REPRODUCED_STEPS, reproduce
from crispml_core.pipelines.requests import check_request, described, selection_of
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.pipelines.workplace import Workplace
from crispml_core.ports.progress import RunProgress, no_run_progress


class TrainingPipelines:
    """Methods 1 to 6 and the cycle over the stores; moves of aliases by the rules."""

    def __init__(self, use_cases: Mapping[str, UseCase], stores: TrainingStores) -> None:
        self.use_cases, self.stores = use_cases, stores

    def check(self, use_case: str, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the complete parameters of a request; see `check_request` for the errors."""
        return check_request(self._use_case(use_case), method, parameters, self.stores)

    def exclusive_key(self, use_case: str, method: str) -> str | None:
        """Return what only one live run may hold: there is one cycle per use case at a time."""
        return f"{CYCLE}:{use_case}" if method == CYCLE else None

    def move_alias(
        self,
        model: str,
        alias: str,
        version: str,
        *,
        expected: str | None,
        moved_by: str = "",
        reason: str = "",
        traffic: float = 0.0,
    ) -> AliasEvent:
        """Point an alias at a version; see `crispml_core.pipelines.promotion.move_alias`."""
        return move_alias(
            self.stores,
            model,
            alias,
            version,
            expected=expected,
            moved_by=moved_by,
            reason=reason,
            traffic=traffic,
            use_case=self.use_cases.get(model),
        )

    def remove_alias(
        self, model: str, alias: str, *, expected: str | None, moved_by: str = "", reason: str = ""
    ) -> AliasEvent:
        """Let an alias point nowhere; see `crispml_core.pipelines.promotion.remove_alias`."""
        return remove_alias(
            self.stores, model, alias, expected=expected, moved_by=moved_by, reason=reason
        )

    def judge_version(
        self,
        model: str,
        version: str,
        *,
        healthy: bool,
        reason: str,
        evidence: str = "",
        judged_by: str = "",
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> HealthVerdict:
        """Keep a verdict on a version; see `crispml_core.pipelines.health.judge_version`."""
        return judge_version(
            self.stores,
            self._use_case(model),
            version,
            healthy=healthy,
            reason=reason,
            evidence=evidence,
            judged_by=judged_by,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
        )

    def execute(self, run: Run, progress: RunProgress = no_run_progress) -> dict[str, Any]:
        """Execute a run and return its result.

        Raises
        ------
        CrispMLError
            Whatever stopped it; the last step that `progress` was told about is the failed one.
        """
        use_case, parameters = self._use_case(run.use_case), run.parameters
        expected = _expected_calls(run.method, parameters)
        recorder = Recorder(use_case.name, self.stores.timings, progress, expected)
        work = Workplace(use_case, self.stores, recorder, run.id, run.requested_by)
        return _METHODS[run.method](work, parameters)

    def _use_case(self, name: str) -> UseCase:
        if name not in self.use_cases:
            raise NotFound("use case", self.use_cases)
        return self.use_cases[name]


def _expected_calls(method: str, parameters: Mapping[str, Any]) -> int:
    if method == CYCLE:
        return method_calls(dict(parameters))
    return REPRODUCED_STEPS if method == REPRODUCE else 1


def _ingest(work: Workplace, given: dict[str, Any]) -> dict[str, Any]:
    dataset = ingest(work, selection_of(work.use_case, given), given["upload_id"], described(given))
    return {"dataset_id": dataset.id, "rows": dataset.rows}


def _prepare(work: Workplace, given: dict[str, Any]) -> dict[str, Any]:
    dataset = prepare(work, given["dataset_id"], given["seed"])
    return {"dataset_id": dataset.id, "rows": dataset.rows}


def _curate(work: Workplace, given: dict[str, Any]) -> dict[str, Any]:
    artefact = curate(work, given["dataset_id"], given["algorithm"])
    return {"curation_id": artefact.id, "dataset_id": artefact.facts["curated_id"]}


def _train(work: Workplace, given: dict[str, Any]) -> dict[str, Any]:
    search = parse_search(given["search"])
    artefact = train(work, given["curation_id"], given["hyperparameters"], given["seed"], search)
    shown = ("hyperparameters", "threshold", "kpis", "search", "notes")
    return {"model_id": artefact.id, **{name: artefact.facts[name] for name in shown}}


def _report(work: Workplace, given: dict[str, Any]) -> dict[str, Any]:
    artefact = report(work, given["model_id"])
    return {"report_id": artefact.id, "kpis": artefact.facts["kpis"]}


def _persist(work: Workplace, given: dict[str, Any]) -> dict[str, Any]:
    manifest = persist(work, given["model_id"], given["report_id"])
    return {"model": manifest.model, "version": manifest.version}


def _reproduce(work: Workplace, given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(reproduce(work, given["model"], given["version"]))
    return found


_METHODS: Mapping[str, Callable[[Workplace, dict[str, Any]], dict[str, Any]]] = {
    "data-ingestion": _ingest,
    "data-preparation": _prepare,
    "data-curation": _curate,
    "model-training": _train,
    "model-report": _report,
    "model-persist": _persist,
    CYCLE: run_cycle,
    REPRODUCE: _reproduce,
}
