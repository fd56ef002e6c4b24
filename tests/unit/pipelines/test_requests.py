"""A training request is checked whole before anything is queued."""

from datetime import UTC, datetime

import pytest

from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.models import Artefact, ArtefactKind
from crispml_core.pipelines.requests import check_request, selection_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def stores(make_stores):
    return make_stores()


@pytest.fixture
def ids(toy, stores, toy_rows):
    """Name one good object of each kind."""
    found = {}
    for stage in (Stage.RAW, Stage.PREPARED):
        writer = stores.datasets.writer("toy", stage)
        writer.write(toy_rows(5).to_batches()[0])
        found[stage.value] = writer.publish(
            parents=("p",), parameters={"use_case_digest": toy.digest}
        ).id
    facts = {"algorithm": "linear", "prepared_id": found["prepared"]}
    for name, kind, parents in (
        ("curation", ArtefactKind.CURATION, ()),
        ("model", ArtefactKind.MODEL, ()),
        ("report", ArtefactKind.REPORT, ("a-model",)),
    ):
        artefact = Artefact(
            id=f"a-{name}", kind=kind, use_case="toy", created_at=NOW, parents=parents, facts=facts
        )
        found[name] = stores.artefacts.publish(artefact, {}).id
    return found


def test_defaults_complete_a_request(toy, stores, ids):
    assert check_request(toy, "data-preparation", {"dataset_id": ids["raw"]}, stores) == {
        "dataset_id": ids["raw"],
        "seed": 0,
    }
    cycle = check_request(toy, "cycle", {}, stores)
    assert cycle["algorithms"] == ["linear"]
    assert cycle["promote"] is False


@pytest.mark.parametrize(
    ("method", "given", "kind"),
    [
        ("data-digestion", {}, "method"),
        ("data-preparation", {"dataset_id": "nowhere"}, "data set"),
        ("data-curation", {"dataset_id": "PREPARED", "algorithm": "nothing"}, "algorithm"),
        ("model-training", {"curation_id": "nowhere"}, "curation"),
        ("model-training", {"curation_id": "a-model"}, "curation"),
        ("model-report", {"model_id": "nowhere"}, "model"),
        ("cycle", {"algorithms": ["nothing"]}, "algorithm"),
        ("cycle", {"hyperparameters": {"nothing": {}}}, "algorithm"),
        ("cycle", {"dataset_id": "nowhere"}, "data set"),
    ],
)
def test_what_does_not_exist_is_not_found(toy, stores, ids, method, given, kind):
    given = {name: ids["prepared"] if v == "PREPARED" else v for name, v in given.items()}
    with pytest.raises(NotFound) as caught:
        check_request(toy, method, given, stores)
    assert kind in caught.value.message
    assert "nowhere" not in caught.value.message


@pytest.mark.parametrize(
    ("method", "given", "says"),
    [
        ("data-preparation", {}, "dataset_id is missing"),
        ("data-preparation", {"dataset_id": 5}, "dataset_id is missing"),
        ("data-preparation", {"dataset_id": "PREPARED"}, "not a raw data set of toy"),
        ("data-curation", {"dataset_id": "RAW", "algorithm": "linear"}, "not a prepared data set"),
        ("data-preparation", {"dataset_id": "RAW", "sed": 1}, "did you mean 'seed'"),
        ("data-preparation", {"dataset_id": "RAW", "seed": -1}, "seed must be"),
        ("data-preparation", {"dataset_id": "RAW", "seed": 1.5}, "seed must be"),
        ("data-preparation", {"dataset_id": "RAW", "seed": True}, "seed must be"),
        ("data-ingestion", {"sample": 0}, "sample must be above 0"),
        ("data-ingestion", {"sample": "all"}, "sample must be a number"),
        ("data-ingestion", {"limit": 0}, "limit must be at least 1"),
        ("data-ingestion", {"where": "amount >"}, "not well formed"),
        ("data-ingestion", {"where": "amount + 1"}, "must be a condition"),
        ("data-ingestion", {"where": "price > 1"}, "unknown field"),
        ("data-ingestion", {"where": "__import__('os') == 1"}, "unknown function"),
        ("data-ingestion", {"where": "channel > 1"}, "needs a number"),
        ("data-ingestion", {"tags": "one"}, "tags must be a list"),
        ("data-ingestion", {"owner": "x" * 1001}, "owner must be a text"),
        ("model-training", {"curation_id": "a-curation", "hyperparameters": {"C": 0}}, "between"),
        ("model-training", {"curation_id": "a-curation", "search": {"kind": "all"}}, "search.kind"),
        ("model-training", {"curation_id": "a-curation", "search": {"folds": 1}}, "search.folds"),
        ("model-training", {"curation_id": "a-curation", "search": {"fold": 3}}, "did you mean"),
        ("model-training", {"curation_id": "a-curation", "search": "grid"}, "must be an object"),
        (
            "model-training",
            {"curation_id": "a-curation", "search": {"scoring": "r2"}},
            "search.scoring must be one of",
        ),
        ("cycle", {"algorithms": []}, "algorithms must be"),
        ("cycle", {"algorithms": ["linear", "linear"]}, "algorithms must be"),
        ("cycle", {"hyperparameters": {"linear": {"gamma": 1}}}, "no such hyperparameter"),
        ("cycle", {"promote": "yes"}, "promote must be"),
    ],
)
def test_what_is_wrong_is_named(toy, stores, ids, method, given, says):
    named = {"RAW": ids["raw"], "PREPARED": ids["prepared"]}
    given = {name: named.get(v, v) if isinstance(v, str) else v for name, v in given.items()}
    with pytest.raises(InvalidInput, match=says):
        check_request(toy, method, given, stores)


def test_a_report_belongs_to_its_model(toy, stores, ids):
    fine = {"model_id": ids["model"], "report_id": ids["report"]}
    assert check_request(toy, "model-persist", fine, stores) == fine
    other = Artefact(id="other", kind=ArtefactKind.MODEL, use_case="toy", created_at=NOW, facts={})
    stores.artefacts.publish(other, {})
    with pytest.raises(InvalidInput, match="another model"):
        check_request(toy, "model-persist", {**fine, "model_id": "other"}, stores)


def test_data_of_another_definition_are_refused(toy, stores, ids):
    from dataclasses import replace

    changed = replace(toy, digest="e" * 64)
    with pytest.raises(InvalidInput, match="another definition"):
        check_request(
            changed,
            "data-curation",
            {"dataset_id": ids["prepared"], "algorithm": "linear"},
            stores,
        )


def test_a_selection_is_read_as_it_was_checked(toy):
    wanted = selection_of(toy, {"where": "items > 3", "sample": 0.5, "limit": 10, "seed": 4})
    assert (wanted.sample, wanted.limit, wanted.seed) == (0.5, 10, 4)
    assert repr(wanted.where) == "gt(items, 3.0)"
