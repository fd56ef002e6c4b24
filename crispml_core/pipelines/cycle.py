"""The cycle: methods 1 to 6 in one run, for one or more algorithms."""

from __future__ import annotations

from typing import Any

from crispml_core.domain.bundles import PromotionRefused
from crispml_core.domain.models import ANY_VERSION, CHALLENGER, CHAMPION, ModelVersion
from crispml_core.domain.search import parse_search
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import all_passed, check_gates
from crispml_core.pipelines.data_steps import curate, ingest, prepare
from crispml_core.pipelines.model_steps import persist, report, train
from crispml_core.pipelines.promotion import move_alias
from crispml_core.pipelines.requests import Parameters, described, selection_of
from crispml_core.pipelines.workplace import Workplace

# By which KPI on `select` algorithms are compared, and whether more of it is better.
_SELECTED_BY = {"binary": ("auc", 1), "multiclass": ("log_loss", -1), "regression": ("rmse", -1)}


def method_calls(parameters: Parameters) -> int:
    """Return how many methods a cycle will call."""
    ingestion = 0 if parameters["dataset_id"] else 1
    return ingestion + 1 + 4 * len(parameters["algorithms"])


def run_cycle(work: Workplace, parameters: Parameters) -> dict[str, Any]:
    """Run the cycle and return the ids and figures of everything it made.

    The best version has the best AUC (binary), log loss (multiclass) or RMSE (regression) on
    ``select``; with ``promote`` it becomes champion, with ``challenge`` challenger, if it passes
    the gates of the use case on ``test``, and if the rules of the environment allow it. Whatever
    fails, the champion and the fallback stay what they are.
    """
    use_case = work.use_case
    raw_id = parameters["dataset_id"]
    if raw_id is None:
        selection = selection_of(use_case, parameters)
        raw_id = ingest(work, selection, None, described(parameters)).id
    prepared = prepare(work, raw_id, parameters["seed"])
    search = parse_search(parameters["search"])
    manifests: list[ModelVersion] = []
    for algorithm in parameters["algorithms"]:
        curation = curate(work, prepared.id, algorithm)
        chosen = parameters["hyperparameters"].get(algorithm, {})
        model = train(work, curation.id, chosen, parameters["seed"], search)
        evaluated = report(work, model.id)
        manifests.append(persist(work, model.id, evaluated.id))
    best = max(manifests, key=lambda manifest: _merit(use_case, manifest))
    gates = {
        manifest.version: check_gates(use_case.gates, manifest.kpis["test"])
        for manifest in manifests
    }
    # Runs that were queued by the release before do not say that the version challenges.
    challenge = bool(parameters.get("challenge"))
    moved, refusal = False, None
    if (parameters["promote"] or challenge) and all_passed(gates[best.version]):
        moved, refusal = _move(work, CHALLENGER if challenge else CHAMPION, best.version)
    return {
        "dataset_id": raw_id,
        "prepared_id": prepared.id,
        "model": use_case.name,
        "versions": [
            {
                "algorithm": manifest.algorithm,
                "version": manifest.version,
                "report_id": manifest.lineage.report,
                "kpis": manifest.kpis,
                "gates": [gate.to_dict() for gate in gates[manifest.version]],
            }
            for manifest in manifests
        ],
        "best": best.version,
        "promoted": moved and not challenge,
        "refusal": refusal,
        "challenger": moved and challenge,
    }


def _move(work: Workplace, alias: str, version: str) -> tuple[bool, str | None]:
    """Move an alias; what the rules of the environment refuse is no failed run."""
    try:
        move_alias(
            work.stores,
            work.use_case.name,
            alias,
            version,
            expected=ANY_VERSION,
            moved_by=f"run {work.run_id}",
            reason="best of a cycle",
            use_case=work.use_case,
        )
    except PromotionRefused as error:
        return False, error.message
    work.stores.project_aliases(work.use_case.name)
    return True, None


def _merit(use_case: UseCase, manifest: ModelVersion) -> float:
    name, sign = _SELECTED_BY[use_case.target.task]
    value = manifest.kpis["select"].get(name)
    return float("-inf") if value is None else sign * float(value)
