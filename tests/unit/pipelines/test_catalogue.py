"""Data that are ingested again are described in the new words, and never less confidential."""

from types import SimpleNamespace

import pytest

from crispml_core.domain.sources import Selection, Statement
from crispml_core.pipelines.catalogue import Catalogue
from crispml_core.pipelines.data_steps import ingest
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.requests import check_request, described, selection_of
from crispml_core.pipelines.workplace import Workplace


@pytest.fixture
def ingested(toy, toy_rows, make_stores):
    source = SimpleNamespace(
        read=lambda selection: toy_rows(30).to_batches(), explain=lambda selection: None
    )
    stores = make_stores(open_source=lambda use_case, upload_id: source)

    def run(**said):
        given = check_request(toy, "data-ingestion", said, stores)
        work = Workplace(toy, stores, Recorder("toy", stores.timings), "run-1")
        dataset = ingest(work, selection_of(toy, given), None, described(given))
        return Catalogue(stores.datasets, stores.notes).get(dataset.id)

    return run


def test_what_the_second_ingestion_says_counts_and_the_rest_stays(ingested):
    first = ingested(owner="ops", tags=["q1"], sensitivity="confidential")
    assert (first.owner, first.tags, first.sequence) == ("ops", ("q1",), 0)
    second = ingested(description="Orders", sensitivity="restricted")
    assert second.id == first.id
    assert (second.owner, second.description, second.tags) == ("ops", "Orders", ("q1",))
    assert (second.sensitivity, second.sequence) == ("restricted", 1)


def test_an_ingestion_says_nothing_twice_and_makes_nothing_less_confidential(ingested):
    first = ingested(owner="ops", sensitivity="restricted")
    assert ingested(owner="ops") == first
    assert ingested(sensitivity="public") == first


def test_a_data_set_says_what_its_database_was_asked_and_what_that_did(toy, toy_rows, make_stores):
    said = Statement("SELECT :param_1", ("columns", "filter"), ("sample",), expected_rows=40)
    source = SimpleNamespace(
        read=lambda selection: toy_rows(30).to_batches(), explain=lambda selection: said
    )
    stores = make_stores(open_source=lambda use_case, upload_id: source)
    recorder = Recorder("toy", stores.timings)
    given = described(check_request(toy, "data-ingestion", {}, stores))
    dataset = ingest(Workplace(toy, stores, recorder, "run-1"), Selection(), None, given)
    assert dataset.parameters["sql"] == "SELECT :param_1"
    assert dataset.parameters["in_database"] == ["columns", "filter"]
    assert dataset.parameters["while_reading"] == ["sample"]
    assert recorder.steps[0].output["in_database"] == ["columns", "filter"]
