"""What a training request may say, checked before a run is queued."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crispml_core.domain.catalogue import check_changes
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import InvalidInput, NotFound, did_you_mean
from crispml_core.domain.expressions import Kind, parse
from crispml_core.domain.models import ArtefactKind
from crispml_core.domain.runs import REPRODUCE
from crispml_core.domain.search import parse_search
from crispml_core.domain.sources import Selection
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.stores import TrainingStores

Parameters = dict[str, Any]

_SELECTION = {"where": None, "sample": 1.0, "limit": None}
_DESCRIBED: Parameters = {"owner": "", "description": "", "tags": [], "sensitivity": None}
_DEFAULTS: Mapping[str, Parameters] = {
    "data-ingestion": {**_SELECTION, **_DESCRIBED, "seed": 0, "upload_id": None},
    "data-preparation": {"dataset_id": None, "seed": 0},
    "data-curation": {"dataset_id": None, "algorithm": None},
    "model-training": {"curation_id": None, "hyperparameters": {}, "seed": 0, "search": None},
    "model-report": {"model_id": None},
    "model-persist": {"model_id": None, "report_id": None},
    REPRODUCE: {"model": None, "version": None},
    "cycle": {
        **_SELECTION,
        **_DESCRIBED,
        "dataset_id": None,
        "algorithms": None,
        "hyperparameters": {},
        "seed": 0,
        "search": None,
        "promote": False,
        "challenge": False,
    },
}
_REQUIRED = {
    "data-preparation": ("dataset_id",),
    "data-curation": ("dataset_id", "algorithm"),
    "model-training": ("curation_id",),
    "model-report": ("model_id",),
    "model-persist": ("model_id", "report_id"),
    REPRODUCE: ("model", "version"),
}
MAX_SEED = 2**32 - 1  # the largest that NumPy's generators take


def check_request(
    use_case: UseCase, method: str, given: Mapping[str, Any], stores: TrainingStores
) -> Parameters:
    """Return the complete parameters of a request.

    Raises
    ------
    NotFound
        If the method, an algorithm, a data set or an artefact does not exist.
    InvalidInput
        If an entry is unknown, missing, of the wrong type or out of range.
    """
    if method not in _DEFAULTS:
        raise NotFound("method", _DEFAULTS)
    defaults = _DEFAULTS[method]
    for position, name in enumerate(given):
        if name not in defaults:
            known = ", ".join(defaults)
            guess = did_you_mean(name, defaults)
            raise InvalidInput(f"entry {position + 1} is not known{guess}; known: {known}")
    parameters = {**defaults, **given}
    for name in _REQUIRED.get(method, ()):
        if not isinstance(parameters[name], str):
            raise InvalidInput(f"{name} is missing or is not a text")
    _check_seed(parameters)
    _CHECKS[method](use_case, parameters, stores)
    return parameters


def selection_of(use_case: UseCase, parameters: Mapping[str, Any]) -> Selection:
    """Read ``where``, ``sample``, ``limit`` and ``seed`` of a request."""
    where = parameters["where"]
    expression = None
    if where is not None:
        if not isinstance(where, str):
            raise InvalidInput("where must be a text such as: age >= 18")
        expression = parse(where)
        kinds = {name: use_case.kinds[name] for name in use_case.schema.names}
        if expression.kind(kinds) is not Kind.TRUTH:
            raise InvalidInput("where must be a condition such as: age >= 18")
    sample, limit = parameters["sample"], parameters["limit"]
    if isinstance(sample, bool) or not isinstance(sample, int | float):
        raise InvalidInput("sample must be a number above 0 and at most 1")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise InvalidInput("limit must be a whole number")
    return Selection(expression, float(sample), limit, parameters["seed"])


def described(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a request says about the data set it makes."""
    return {name: parameters[name] for name in _DESCRIBED}


def _check_seed(parameters: Parameters) -> None:
    seed = parameters.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InvalidInput(f"seed must be a whole number from 0 to {MAX_SEED}")


def _check_ingestion(use_case: UseCase, parameters: Parameters, stores: TrainingStores) -> None:
    selection_of(use_case, parameters)
    parameters |= check_changes(described(parameters))
    upload_id = parameters.get("upload_id")
    if upload_id is not None and not isinstance(upload_id, str):
        raise InvalidInput("upload_id must be a text")


def _check_dataset(
    use_case: UseCase, stores: TrainingStores, dataset_id: str, stage: Stage
) -> None:
    dataset = stores.datasets.get(dataset_id)
    if dataset.use_case != use_case.name or dataset.stage is not stage:
        raise InvalidInput(f"dataset_id is not a {stage} data set of {use_case.name}")
    digest = dataset.parameters.get("use_case_digest", use_case.digest)
    if digest != use_case.digest:
        raise InvalidInput(
            f"dataset_id was prepared with another definition of {use_case.name}; prepare it again"
        )


def _check_preparation(use_case: UseCase, parameters: Parameters, stores: TrainingStores) -> None:
    _check_dataset(use_case, stores, parameters["dataset_id"], Stage.RAW)


def _check_curation(use_case: UseCase, parameters: Parameters, stores: TrainingStores) -> None:
    use_case.algorithm(parameters["algorithm"])
    _check_dataset(use_case, stores, parameters["dataset_id"], Stage.PREPARED)


def _check_artefact(
    use_case: UseCase, stores: TrainingStores, name: str, artefact_id: str, kind: ArtefactKind
) -> dict[str, Any]:
    artefact = stores.artefacts.get(artefact_id, kind)
    if artefact.use_case != use_case.name:
        raise InvalidInput(f"{name} belongs to another use case")
    prepared_id = artefact.facts.get("prepared_id")
    if prepared_id is not None:
        _check_dataset(use_case, stores, prepared_id, Stage.PREPARED)
    return artefact.facts


def _check_training(use_case: UseCase, parameters: Parameters, stores: TrainingStores) -> None:
    curation_id = parameters["curation_id"]
    facts = _check_artefact(use_case, stores, "curation_id", curation_id, ArtefactKind.CURATION)
    _complete(use_case, facts["algorithm"], parameters["hyperparameters"])
    _check_search(use_case, parameters)


def _check_report(use_case: UseCase, parameters: Parameters, stores: TrainingStores) -> None:
    _check_artefact(use_case, stores, "model_id", parameters["model_id"], ArtefactKind.MODEL)


def _check_persist(use_case: UseCase, parameters: Parameters, stores: TrainingStores) -> None:
    model_id, report_id = parameters["model_id"], parameters["report_id"]
    _check_artefact(use_case, stores, "model_id", model_id, ArtefactKind.MODEL)
    _check_artefact(use_case, stores, "report_id", report_id, ArtefactKind.REPORT)
    if model_id not in stores.artefacts.get(report_id).parents:
        raise InvalidInput("report_id is the report of another model")


def _check_cycle(use_case: UseCase, parameters: Parameters, stores: TrainingStores) -> None:
    _check_ingestion(use_case, parameters, stores)
    names = parameters["algorithms"]
    if names is None:
        names = [algorithm.name for algorithm in use_case.algorithms]
    if not isinstance(names, list) or not names or len(set(map(str, names))) != len(names):
        raise InvalidInput("algorithms must be a list of different names, or null for all")
    for name in names:
        use_case.algorithm(str(name))
    parameters["algorithms"] = names
    chosen = parameters["hyperparameters"]
    if not isinstance(chosen, dict):
        raise InvalidInput("hyperparameters must be an object by algorithm")
    for name, values in chosen.items():
        _complete(use_case, name, values)
    for name in ("promote", "challenge"):
        if not isinstance(parameters[name], bool):
            raise InvalidInput(f"{name} must be true or false")
    if parameters["promote"] and parameters["challenge"]:
        raise InvalidInput(
            "give one of promote and challenge: a champion does not challenge itself"
        )
    if parameters["promote"] and not stores.rules.takes_own_versions:
        raise InvalidInput(
            "promote: this environment serves only versions that qa approved; import a bundle, or "
            "let CRISPML_PROMOTION__MODE be code to train in place"
        )
    _check_search(use_case, parameters)
    if parameters["dataset_id"] is not None:
        _check_dataset(use_case, stores, str(parameters["dataset_id"]), Stage.RAW)


def _check_reproduce(use_case: UseCase, parameters: Parameters, stores: TrainingStores) -> None:
    manifest = stores.models.get(parameters["model"], parameters["version"])
    if manifest.use_case != use_case.name:
        raise InvalidInput("model belongs to another use case")
    use_case.algorithm(manifest.algorithm)
    try:
        stores.datasets.get(manifest.lineage.raw)
    except NotFound:
        raise InvalidInput(
            "the raw data set of the version is not in this registry any more, so the version "
            "cannot be made again; restore the data set, its id is lineage.raw of the version"
        ) from None


def _complete(use_case: UseCase, algorithm: str, hyperparameters: Any) -> None:
    if not isinstance(hyperparameters, dict):
        raise InvalidInput("hyperparameters must be an object, for example {'C': 0.5}")
    use_case.algorithm(algorithm).complete(hyperparameters)


def _check_search(use_case: UseCase, parameters: Parameters) -> None:
    search = parse_search(parameters["search"])
    if search is not None:
        search.scorer(use_case.target.task)


_CHECKS: Mapping[str, Callable[[UseCase, Parameters, TrainingStores], None]] = {
    "data-ingestion": _check_ingestion,
    "data-preparation": _check_preparation,
    "data-curation": _check_curation,
    "model-training": _check_training,
    "model-report": _check_report,
    "model-persist": _check_persist,
    REPRODUCE: _check_reproduce,
    "cycle": _check_cycle,
}
