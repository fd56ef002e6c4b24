"""From a form to the call of a method, or to what must change in the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crispml_console.pages.cycle import fields
from crispml_console.pages.cycle.choices import Choices
from crispml_console.pages.cycle.fields import id_of
from crispml_console.pages.cycle.files import chosen_file
from crispml_console.parts.filled import Filled
from crispml_console.service.call import Call, scoring, training
from crispml_core.client import CYCLE, InvalidInput, UseCaseInfo
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

_NEEDED = "Choose what the step before made; run that one first if there is nothing yet."


def order(method: str, use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    """Return the call that a form asks for.

    Raises
    ------
    WrongInput
        If fields must change first. What only the service knows it says itself.
    """
    call = _ORDERS[method](use_case, filled, choices)
    filled.check()
    return call


def _cycle(use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    known = [algorithm.name for algorithm in use_case.algorithms]
    names = filled.texts(id_of("algorithms"))
    if not names:
        filled.wrong[id_of("algorithms")] = "Choose at least one algorithm."
    dataset_id = filled.text(id_of("dataset_id"))
    given = {name: _hypers(use_case, name, filled) for name in names}
    changed = {name: values for name, values in given.items() if values}
    then = filled.text("f_then")
    return training(
        TrainingClient.cycle,
        use_case.name,
        algorithms=None if names == known else names,
        hyperparameters=changed or None,
        seed=filled.whole(id_of("seed"), "Seed"),
        search=_search(filled),
        promote=True if then == "promote" else None,
        challenge=True if then == "challenge" else None,
        dataset_id=dataset_id,
        **({} if dataset_id else _selection(filled)),
    )


def _ingestion(use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    tags = [tag.strip() for tag in (filled.text(id_of("tags")) or "").split(",")]
    said: dict[str, Any] = {
        "owner": filled.text(id_of("owner")),
        "description": filled.text(id_of("description")),
        "tags": [tag for tag in tags if tag] or None,
        "sensitivity": filled.text(id_of("sensitivity")),
    }
    if filled.text("f_from") == "file":
        path, media = chosen_file(filled)
        return training(
            TrainingClient.upload,
            use_case.name,
            path,
            content_type=media,
            **said,
        )
    return training(
        TrainingClient.data_ingestion,
        use_case.name,
        **_selection(filled),
        seed=filled.whole(id_of("seed"), "Seed"),
        **said,
    )


def _preparation(use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    return training(
        TrainingClient.data_preparation,
        use_case.name,
        filled.needed(id_of("dataset_id"), _NEEDED),
        seed=filled.whole(id_of("seed"), "Seed"),
    )


def _curation(use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    return training(
        TrainingClient.data_curation,
        use_case.name,
        filled.needed(id_of("dataset_id"), _NEEDED),
        filled.needed(id_of("algorithm"), "Choose an algorithm."),
    )


def _training(use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    curation_id = filled.needed(id_of("curation_id"), _NEEDED)
    algorithm = choices.algorithm_of(curation_id)
    return training(
        TrainingClient.model_training,
        use_case.name,
        curation_id,
        hyperparameters=_hypers(use_case, algorithm, filled) or None,
        seed=filled.whole(id_of("seed"), "Seed"),
        search=_search(filled),
    )


def _report(use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    model_id = filled.needed(id_of("model_id"), _NEEDED)
    return training(TrainingClient.model_report, use_case.name, model_id)


def _persist(use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    report_id = filled.needed(id_of("report_id"), _NEEDED)
    model_id = choices.model_of(report_id)
    if report_id and model_id is None:
        filled.wrong[id_of("report_id")] = "Which model it is about is not known here any more."
    return training(TrainingClient.model_persist, use_case.name, model_id or "", report_id)


def _verify(use_case: UseCaseInfo, filled: Filled, choices: Choices) -> Call[Any]:
    return scoring(
        ScoringClient.verify,
        use_case.name,
        start=filled.moment(id_of("from"), "From"),
        end=filled.moment(id_of("to"), "To"),
        version=filled.text(id_of("version")),
        as_of=filled.moment(id_of("as_of"), "As of"),
    )


_ORDERS: Mapping[str, Callable[[UseCaseInfo, Filled, Choices], Call[Any]]] = {
    CYCLE: _cycle,
    "data-ingestion": _ingestion,
    "data-preparation": _preparation,
    "data-curation": _curation,
    "model-training": _training,
    "model-report": _report,
    "model-persist": _persist,
    "new-data-report": _verify,
}


def _selection(filled: Filled) -> dict[str, Any]:
    share = filled.number(id_of("sample"), "Share")
    return {
        "where": filled.text(id_of("where")),
        "sample": None if share == 1 else share,
        "limit": filled.whole(id_of("limit"), "At most rows"),
    }


def _search(filled: Filled) -> dict[str, Any] | None:
    kind = filled.text(id_of("search_kind"))
    if kind is None:
        return None
    found: dict[str, Any] = {"kind": kind}
    found["folds"] = filled.whole(id_of("search_folds"), "Folds")
    if kind == "random":
        found["iterations"] = filled.whole(id_of("search_iterations"), "Draws")
    found["scoring"] = filled.text(id_of("search_scoring"))
    return {name: value for name, value in found.items() if value is not None}


def _hypers(use_case: UseCaseInfo, algorithm: str | None, filled: Filled) -> dict[str, Any]:
    """Return the hyperparameters that are not at their defaults."""
    ids = fields.hyper_ids(use_case.algorithms)
    found = {}
    for one in (a for a in use_case.algorithms if a.name == algorithm):
        for hyper in one.hyperparameters:
            id = ids[one.name, hyper.name]  # noqa: A001 - as Shiny names it
            try:
                value = fields.hyper_value(hyper, filled.text(id))
            except InvalidInput as error:
                filled.wrong[id] = error.message
            else:
                if value != hyper.default:
                    found[hyper.name] = value
    return found
