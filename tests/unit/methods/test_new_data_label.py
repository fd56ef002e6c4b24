"""NewDataLabel reads truth rows or says what is wrong with which row."""

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crispml_core.domain.errors import InvalidInput, InvalidRecords
from crispml_core.domain.labels import CLOCK_TOLERANCE
from crispml_core.domain.targets import Target
from crispml_core.methods.new_data_label import NewDataLabel
from crispml_core.tables.label_columns import accepted, columns_of
from crispml_core.tables.label_entries import LabelRows
from crispml_core.tables.label_table import LABELS, from_labels, to_labels

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + CLOCK_TOLERANCE + timedelta(seconds=1)
SCORE_ID = "0190a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b"


@pytest.fixture
def toy_numbered(toy):
    """The same question with numbers as classes."""
    return replace(toy, target=Target("returned", "binary", values=("0", "1"), positive="1"))


def read(use_case, *parts, now=NOW):
    """Return the labels of parts of a body."""
    batches = list(NewDataLabel(use_case).run(parts, now))
    assert all(batch.schema == LABELS for batch in batches)
    return [label for batch in batches for label in to_labels(batch)]


def test_rows_become_labels_in_order(toy):
    labels = read(
        toy,
        [
            {"score_id": SCORE_ID, "label": "yes"},
            {"record_key": "O-1", "label": "no", "label_time": "2026-02-01t10:00:00+02:00"},
            {"record_key": 7, "label": "no", "source": "back office", "propensity": 1},
        ],
    )
    assert [label.value for label in labels] == ["yes", "no", "no"]
    assert labels[0].label_time == NOW
    assert labels[1].label_time == datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert (labels[2].record_key, labels[2].source) == ("7", "back office")
    assert [label.propensity for label in labels] == [None, None, 1.0]


@pytest.mark.parametrize(
    ("row", "rule", "field"),
    [
        ({"label": "yes"}, "missing", "score_id"),
        ({"record_key": "a", "score_id": SCORE_ID, "label": "yes"}, "missing", "score_id"),
        ({"record_key": "a"}, "missing", "label"),
        ({"record_key": "a", "label": "maybe"}, "category", "label"),
        ({"record_key": "a", "label": True}, "category", "label"),
        ({"record_key": "", "label": "yes"}, "type", "record_key"),
        ({"record_key": True, "label": "yes"}, "type", "record_key"),
        ({"record_key": "k" * 256, "label": "yes"}, "max_length", "record_key"),
        ({"record_key": "a\0", "label": "yes"}, "characters", "record_key"),
        ({"score_id": "17", "label": "yes"}, "type", "score_id"),
        ({"score_id": 17, "label": "yes"}, "type", "score_id"),
        ({"record_key": "a", "label": "yes", "label_time": "yesterday"}, "type", "label_time"),
        ({"record_key": "a", "label": "yes", "label_time": "2026-01-01"}, "type", "label_time"),
        ({"record_key": "a", "label": "yes", "label_time": 5}, "type", "label_time"),
        (
            {"record_key": "a", "label": "yes", "label_time": "9999-12-31T23:59:59-14:00"},
            "type",
            "label_time",
        ),
        ({"record_key": "a", "label": "yes", "source": "x" * 201}, "type", "source"),
        ({"score_id": SCORE_ID, "label": "yes", "scored_until": str(NOW)}, "missing", "record_key"),
        ({"record_key": "a", "label": "yes", "scored_until": "soon"}, "type", "scored_until"),
        ({"record_key": "a", "label": "yes", "scored_until": str(LATER)}, "future", "scored_until"),
        ({"record_key": "a", "label": "yes", "label_time": str(LATER)}, "future", "label_time"),
        ({"record_key": "a", "label": "yes", "propensity": 0}, "range", "propensity"),
        ({"record_key": "a", "label": "yes", "propensity": 1.5}, "range", "propensity"),
        ({"record_key": "a", "label": "yes", "propensity": float("nan")}, "range", "propensity"),
        ({"record_key": "a", "label": "yes", "propensity": "0.5"}, "type", "propensity"),
        ({"record_key": "a", "label": "yes", "canary": 1}, "unknown_field", None),
        ("yes", "type", None),
    ],
)
def test_a_wrong_row_is_named_and_never_repeated(toy, row, rule, field):
    fine = {"record_key": "b", "label": "no"}
    with pytest.raises(InvalidRecords) as caught:
        read(toy, [fine, row])
    (problem,) = caught.value.problems
    assert (problem.row, problem.rule, problem.field) == (1, rule, field)
    for canary in ("maybe", "yesterday", "canary"):
        assert canary not in str(caught.value)


def test_a_regression_label_is_a_number_in_range(toy_regression):
    (label,) = read(toy_regression, [{"record_key": "a", "label": 3}])
    assert label.value == 3.0
    for wrong in (float("nan"), -1, 10**400, "3", True):
        with pytest.raises(InvalidRecords):
            read(toy_regression, [{"record_key": "a", "label": wrong}])


def test_no_rows_are_an_error(toy):
    with pytest.raises(InvalidInput, match="empty"):
        read(toy, [])


def test_a_clock_may_be_a_little_ahead(toy):
    moment = NOW + CLOCK_TOLERANCE
    row = {"record_key": "a", "label": "yes", "label_time": moment.isoformat()}
    (label,) = read(toy, [row | {"scored_until": moment.isoformat()}])
    assert (label.label_time, label.scored_until) == (moment, moment)


def test_row_numbers_go_on_from_part_to_part_and_every_finding_is_said(toy):
    fine, wrong = {"record_key": "a", "label": "no"}, {"record_key": "a", "label": "maybe"}
    with pytest.raises(InvalidRecords) as caught:
        read(toy, [fine, wrong], [fine] * 3, [wrong])
    assert [problem.row for problem in caught.value.problems] == [1, 5]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pa.array([1.0, 0.0]), ["1", "0"]),
        (pa.array([1, 0], pa.int8()), ["1", "0"]),
        (pa.array(["1", "0"]).dictionary_encode(), ["1", "0"]),
    ],
)
def test_columns_of_any_type_are_labels(toy_numbered, column, values):
    columns = {"record_key": pa.array([7, 8]), "label": column}
    labels = read(toy_numbered, pa.RecordBatch.from_pydict(columns))
    assert [(label.record_key, label.value) for label in labels] == [
        ("7", values[0]),
        ("8", values[1]),
    ]


def test_a_column_of_moments_needs_a_zone(toy):
    columns = {"record_key": ["a"], "label": ["yes"]}
    moments = pa.array([NOW], pa.timestamp("ms", "Europe/Berlin"))
    (label,) = read(toy, pa.RecordBatch.from_pydict(columns | {"label_time": moments}))
    assert label.label_time == NOW
    naive = pa.array([NOW.replace(tzinfo=None)], pa.timestamp("us"))
    with pytest.raises(InvalidRecords, match="time zone"):
        read(toy, pa.RecordBatch.from_pydict(columns | {"label_time": naive}))


TEXT = "canary" * 20_000


def repeated(way, rows):
    """A long text that is there once and meant in each row, in a way that Arrow has for it."""
    if way == "dictionary":
        return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array([TEXT]))
    if way == "runs":
        return pa.RunEndEncodedArray.from_arrays(pa.array([rows], pa.int32()), pa.array([TEXT]))
    view = np.array([[len(TEXT), *np.frombuffer(TEXT[:4].encode(), np.int32), 0, 0]], np.int32)
    buffers = [None, pa.py_buffer(np.repeat(view, rows, axis=0)), pa.py_buffer(TEXT.encode())]
    return pa.Array.from_buffers(pa.string_view(), rows, buffers)


@pytest.mark.parametrize(
    "entry", ["record_key", "score_id", "scored_until", "label", "label_time", "source"]
)
@pytest.mark.parametrize("way", ["dictionary", "runs", "views"])
def test_a_text_that_is_sent_once_and_meant_often_takes_no_memory(toy, entry, way):
    rows = 4_000  # 480 MB of text
    columns = {"record_key": pa.array(range(rows)), "label": pa.array(["yes"] * rows)}
    batch = pa.RecordBatch.from_pydict(columns | {entry: repeated(way, rows)})
    batch.validate(full=True)
    before = pa.default_memory_pool().max_memory()
    tracemalloc.start()
    try:
        with pytest.raises(InvalidRecords) as caught:
            read(toy, batch)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
    assert pa.default_memory_pool().max_memory() - before < 64 * 2**20
    assert caught.value.total == rows
    assert "canary" not in str(caught.value.problems)


MOMENTS = st.sampled_from(
    [None, "2026-02-01T10:00:00Z", "2026-02-01 10:00:00.5+02:00", "2026-02-01", "x", str(LATER), 5]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"label": st.sampled_from(["yes", "no", "maybe", None, True, 1, 1.0])},
        optional={
            "record_key": st.sampled_from(["a", "", "a\0", 7, True, None, "k" * 256]),
            "score_id": st.sampled_from([SCORE_ID, SCORE_ID.upper(), "17", None]),
            "label_time": MOMENTS,
            "scored_until": MOMENTS,
            "source": st.sampled_from(["core", None, 5, "x" * 201]),
            "propensity": st.sampled_from([0.5, 1, 0, 2, None, "0.5", float("nan")]),
        },
    ),
    min_size=1,
    max_size=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_what_is_accepted_as_a_whole_is_what_each_row_says(toy, rows):
    columns = columns_of(rows)
    batch = None if columns is None else accepted(columns, len(rows), toy.target, NOW)
    if batch is not None:
        labels, findings = LabelRows(toy.target, NOW).read(rows, 0)
        assert not findings
        assert batch.equals(from_labels(labels))
