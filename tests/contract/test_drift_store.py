"""What every store of counts does: each score is in them once."""

import threading
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crispml_core.domain.drift import DriftCounts, UncountedGroup
from crispml_core.domain.labels import Label
from crispml_core.domain.scores import Encoding
from crispml_core.monitoring.drift.reference import count_columns
from crispml_core.serving.stored_inputs import pack_rows
from crispml_core.tables.row_images import pack_arrow
from tests.contract.drift_reference import COUNTER, REFERENCE

FIELDS = ("amount", "channel")
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def drift(stores):
    return stores.drift


def score(stores, *records, **changes):
    """Commit one group with the records, each (amount, channel)."""
    keys = [f"k{number}" for number in range(len(records))]
    if changes.get("encoding") is Encoding.ARROW:
        columns = [pa.array(column) for column in zip(*records, strict=True)]
        inputs = pack_arrow(pa.RecordBatch.from_arrays(columns, names=FIELDS))
    else:
        inputs = pack_rows(FIELDS, records)
    return stores.score(*keys, inputs=inputs, **changes)


def found(drift, **changes):
    asked = {"use_case": "credit", "version": "v1", "start": START, "end": END} | changes
    return drift.find(asked.pop("use_case"), asked.pop("version"), **asked)


def total(drift, **changes):
    counts = [counts for _, counts in found(drift, **changes)]
    return sum(counts[1:], counts[0]) if counts else DriftCounts(0, (0,) * REFERENCE.width)


def directly(*records):
    amount, channel = zip(*records, strict=True)
    columns = {
        "amount": list(amount),
        "channel": list(channel),
        "prediction": ["bad"] * len(records),
        "prediction_probability": [0.25] * len(records),
    }
    return count_columns(REFERENCE.fields, columns, {"": None})[""]


RECORDS = [(5.0, "web"), (None, "shop"), (500.0, "phone")]


@pytest.mark.parametrize("encoding", list(Encoding))
def test_scores_are_counted_in_the_cells_of_their_version(stores, drift, encoding):
    score(stores, *RECORDS, encoding=encoding)
    drift.catch_up()
    assert total(drift) == directly(*RECORDS)


def test_counting_again_adds_nothing(stores, drift):
    score(stores, *RECORDS)
    for _ in range(3):
        drift.catch_up()
    assert total(drift).rows == 3
    assert drift.advance(1000).rows == 0


def test_groups_wait_until_their_keys_are_indexed_and_are_counted_in_steps(stores, drift):
    for _ in range(25):
        score(stores, *RECORDS)
    while stores.ledger.index_keys(2).has_more:
        pass
    steps = []
    while (step := drift.advance(70)).has_more:
        steps.append(step.rows)
    assert sum(steps) + step.rows == 75
    assert all(0 < rows <= 70 for rows in steps)
    assert drift.advance(70) == (0, False)
    assert total(drift).rows == 75


def test_a_group_that_is_larger_than_a_step_is_counted_whole(stores, drift):
    score(stores, *RECORDS * 10)
    stores.ledger.index_keys(1000)
    assert drift.advance(7).rows == 30


def test_hours_versions_and_groups_have_counts_of_their_own(stores, drift):
    score(stores, *RECORDS)
    first = stores.clock().replace(minute=0, second=0, microsecond=0)
    stores.clock.advance(3600)
    score(stores, RECORDS[0])
    score(stores, *RECORDS, version="v2")
    drift.catch_up()

    hours = found(drift)
    assert [(hour, counts.rows) for hour, counts in hours] == [
        (first, 3),
        (first + timedelta(hours=1), 1),
    ]
    assert total(drift, segment="sex=f").rows == 4
    assert total(drift, segment="sex=m").rows == 0
    assert found(drift, start=first + timedelta(hours=1))[0][1].rows == 1
    assert len(found(drift, end=first + timedelta(hours=1))) == 1
    assert found(drift, version="v2") == [], "a version without a reference is not counted"
    assert drift.rows("credit", start=START, end=END) == {"v1": 4}


def test_a_group_that_cannot_be_read_keeps_no_other_from_being_counted(stores, drift):
    score(stores, *RECORDS)
    stores.score("damaged", inputs=b"\xc1")
    score(stores, *RECORDS)
    drift.catch_up()
    assert total(drift) == directly(*RECORDS * 2)


def test_scores_that_nobody_was_answered_do_not_count(stores, drift):
    score(stores, *RECORDS, alias="shadow")
    score(stores, *RECORDS, alias=None)
    drift.catch_up()
    assert total(drift).rows == 3


def test_processes_that_count_at_once_count_each_score_once(stores, drift):
    def work(writer):
        for _ in range(10):
            score(stores, *RECORDS, writer_id=writer)
            stores.ledger.index_keys(4)
            drift.advance(4)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drift.catch_up()
    assert total(drift).rows == 90
    assert total(drift) == directly(*RECORDS * 30)


def labelled(stores, **changes):
    return Label(**{"label_time": stores.clock(), "record_key": "a", "value": "good"} | changes)


def test_a_corrected_label_counts_once(stores):
    moment = stores.clock()
    stores.labels.add("credit", [labelled(stores), labelled(stores, record_key="b", value="bad")])
    stores.clock.advance(10)
    stores.labels.add("credit", [labelled(stores, value="bad")])
    stores.labels.add("churn", [labelled(stores, value="bad")])

    window = {"start": moment, "end": moment + timedelta(hours=1)}
    assert stores.label_counts.classes("credit", **window) == {"bad": 2}
    assert stores.label_counts.classes("credit", start=START, end=moment) == {}


def test_labels_that_are_numbers_are_counted_in_bins(stores):
    values = [0.0, 1.0, 1.5, 2.0, 9.0]
    labels = [
        labelled(stores, record_key=f"k{number}", value=value)
        for number, value in enumerate(values)
    ]
    stores.labels.add("credit", labels)

    counts, total_away, squares = stores.label_counts.numbers(
        "credit", start=START, end=END, edges=(1.0, 1.0, 2.0), mean=1.0, sd=2.0, farthest=100.0
    )
    assert counts == [1, 1, 2, 1]
    assert total_away == pytest.approx(sum((value - 1) / 2 for value in values))
    assert squares == pytest.approx(sum(((value - 1) / 2) ** 2 for value in values))


def test_a_label_far_away_counts_as_one_at_the_farthest(stores):
    values = [1e300, -1e300, 1e300, 3.0]
    stores.labels.add(
        "credit", [labelled(stores, record_key=str(n), value=v) for n, v in enumerate(values)]
    )

    counts, total_away, squares = stores.label_counts.numbers(
        "credit", start=START, end=END, edges=(0.0, 9.0), mean=1.0, sd=2.0, farthest=100.0
    )
    assert counts == [1, 1, 2]
    assert total_away == pytest.approx(101)
    assert squares == pytest.approx(30_001)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(-200, 200)),
            st.one_of(st.none(), st.sampled_from(["shop", "web", "phone"])),
        ),
        min_size=1,
        max_size=30,
    ),
    st.data(),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_scores_are_grouped_their_counts_are_those_of_all(records, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, len(records)), max_size=4)) | {len(records)})
    groups, start = [], 0
    for cut in cuts:
        part = records[start:cut]
        start = cut
        groups.append(
            UncountedGroup(
                use_case="credit",
                version="v1",
                created_at=START,
                encoding=Encoding.ROWS,
                inputs=pack_rows(FIELDS, part),
                predictions=["bad"] * len(part),
                probabilities=[0.25] * len(part),
                segments=["{}"] * len(part),
            )
        )
    (counts,) = COUNTER.count(groups).values()
    assert counts == directly(*records)
