"""Data sets whose rows tell too much are not made, and do not leave."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.sources import Selection
from crispml_core.governance.anonymity import PrivacyRefused
from crispml_core.pipelines.anonymity import PrivacyCount, privacy_report
from crispml_core.pipelines.data_steps import ingest, prepare
from crispml_core.pipelines.dataset_door import DataSetDoor
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.workplace import Workplace

SAID: dict[str, Any] = {"owner": "", "description": "", "tags": [], "sensitivity": None}
ROWS = 300


@pytest.fixture
def table(toy_rows):
    return toy_rows(ROWS)


@pytest.fixture
def stores(make_stores, table):
    source = SimpleNamespace(
        read=lambda selection: table.to_batches(max_chunksize=70), explain=lambda selection: None
    )
    return make_stores(open_source=lambda use_case, upload_id: source)


def at(use_case, stores):
    return Workplace(use_case, stores, Recorder(use_case.name, stores.timings), "run-1")


def asking(toy, **privacy):
    return replace(toy, privacy=DataSetPrivacy(**privacy))


def smallest(table, *columns):
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    return min(Counter(rows).values())


def test_a_report_is_counted_over_all_batches(toy, stores, table):
    raw = ingest(at(toy, stores), Selection(), None, SAID)
    asked = DataSetPrivacy(quasi_identifiers=("channel", "items"), sensitive=("returned",), k=4)
    report = privacy_report(stores.datasets, raw.id, asked)

    rows = list(
        zip(table.column("channel").to_pylist(), table.column("items").to_pylist(), strict=True)
    )
    sizes = Counter(rows)
    small = [n for n in sizes.values() if n < 4]
    assert (report.rows, report.classes, report.k) == (ROWS, len(sizes), min(sizes.values()))
    assert (report.classes_below, report.rows_below) == (len(small), sum(small))
    assert report.risk == pytest.approx(len(sizes) / ROWS)
    values = {key: set() for key in sizes}
    for key, value in zip(rows, table.column("returned").to_pylist(), strict=True):
        values[key].add(value)
    (returned,) = report.diversity
    assert returned.distinct == min(map(len, values.values()))
    assert returned.disclosed_rows == sum(
        sizes[key] for key, found in values.items() if len(found) == 1
    )


@pytest.mark.parametrize("ask", ["k", "l"])
def test_ingestion_refuses_data_that_tell_too_much_and_leaves_nothing(toy, stores, table, ask):
    k = smallest(table, "channel")
    fine = asking(toy, quasi_identifiers=("channel",), sensitive=("returned",), k=k, l=2)
    ingest(at(fine, stores), Selection(), None, SAID)
    before = len(stores.datasets.find())

    more = {"k": k + 1} if ask == "k" else {"l": 3.0}
    use_case = replace(fine, privacy=replace(fine.privacy, **more))
    with pytest.raises(PrivacyRefused) as refused:
        ingest(at(use_case, stores), Selection(), None, SAID)
    assert f"privacy.{ask}" in refused.value.message
    assert "web" not in refused.value.message
    assert len(stores.datasets.find()) == before


def test_raw_data_from_before_are_refused_when_they_are_prepared_and_carried(toy, stores, table):
    raw = ingest(at(toy, stores), Selection(), None, SAID)
    prepared = prepare(at(toy, stores), raw.id, 0)
    strict = asking(toy, quasi_identifiers=("channel",), k=ROWS)
    door = DataSetDoor({"toy": strict}, stores.datasets)

    with pytest.raises(PrivacyRefused):
        prepare(at(strict, stores), raw.id, 1)
    for dataset in (raw, prepared):
        with pytest.raises(PrivacyRefused):
            door.check(dataset.id)
        DataSetDoor({"toy": toy}, stores.datasets).check(dataset.id)
        DataSetDoor({}, stores.datasets).check(dataset.id)


def test_an_encoded_data_set_is_judged_by_what_it_was_made_from(toy, stores, table):
    raw = ingest(at(toy, stores), Selection(), None, SAID)
    writer = stores.datasets.writer("toy", Stage.CURATED)
    writer.write(pa.record_batch({"0:channel_web": [1.0, 0.0]}))
    curated = writer.publish(parents=[raw.id])
    k = smallest(table, "channel")

    DataSetDoor({"toy": asking(toy, quasi_identifiers=("channel",), k=k)}, stores.datasets).check(
        curated.id
    )
    for use_case, said in (
        (asking(toy, quasi_identifiers=("channel",), k=k + 1), "classes have fewer"),
        (replace(asking(toy, quasi_identifiers=("channel",), k=2), name="toy"), None),
    ):
        door = DataSetDoor({"toy": use_case}, stores.datasets)
        if said is None:
            door.check(curated.id)
        else:
            with pytest.raises(PrivacyRefused, match=said):
                door.check(curated.id)
    writer = stores.datasets.writer("toy", Stage.CURATED)
    writer.write(pa.record_batch({"0:x": [1.0, 0.0]}))
    orphan = writer.publish(parents=["gone"])
    with pytest.raises(PrivacyRefused, match="nobody can tell"):
        DataSetDoor(
            {"toy": asking(toy, quasi_identifiers=("channel",), k=2)}, stores.datasets
        ).check(orphan.id)


def test_no_rows_are_no_risk(toy):
    found = PrivacyCount(DataSetPrivacy(quasi_identifiers=("channel",), k=5)).report()
    assert (found.rows, found.k, found.sizes, found.holds) == (0, 0, (), True)


def test_columns_that_do_not_exist_are_refused_by_their_place(toy, stores):
    raw = ingest(at(toy, stores), Selection(), None, SAID)
    for asked, said in (
        (DataSetPrivacy(quasi_identifiers=("chanel",)), "did you mean 'channel'"),
        (DataSetPrivacy(quasi_identifiers=("channel", "CANARY")), "name 2 is not a column"),
        (DataSetPrivacy(), "declares none"),
    ):
        with pytest.raises(InvalidInput) as refused:
            privacy_report(stores.datasets, raw.id, asked)
        assert said in refused.value.message
        assert "CANARY" not in refused.value.message
