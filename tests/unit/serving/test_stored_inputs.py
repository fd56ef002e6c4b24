"""Every row has a digest that anybody can compute again, however the group is written."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, new_group_id, score_id
from crispml_core.serving.stored_inputs import (
    digest_rows,
    pack_rows,
    stored_rows,
    unpack_rows,
    verify_rows,
)
from crispml_core.tables.row_images import digest_columns, pack_arrow, unpack_arrow
from crispml_core.tables.score_table import score_ids

FIELDS = ("n", "x", "text", "yes", "day", "at")
TYPES = [pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.date32(), pa.timestamp("us", "UTC")]
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.text(max_size=70),
        st.none() | st.booleans(),
        st.none() | st.dates(),
        st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    min_size=1,
    max_size=6,
)


def plain(row):
    """Return a row as `NewDataScore` hands it over: dates and moments as text."""
    return tuple(value.isoformat() if isinstance(value, date) else value for value in row)


def scores_of(rows, **changes):
    some = {
        "record_keys": [f"k-{n}" for n in range(rows)],
        "predictions": ["good", "bad"] * rows,
        "probabilities": [0.1 + n / 7 for n in range(rows)],
        "segments": ['{"sex":"f"}'] * rows,
        "request_ids": ["r-1"] * rows,
    }
    some["predictions"] = some["predictions"][:rows]
    return ScoreRows(**(some | changes))


def group_of(rows, values, encoding):
    scores, group_id = scores_of(rows), new_group_id()
    if encoding is Encoding.ROWS:
        stored = [plain(row) for row in values]
        inputs, digests = pack_rows(FIELDS, stored), digest_rows(group_id, scores, stored)
    else:
        batch = batch_of(values)
        inputs, digests = pack_arrow(batch), digest_columns(group_id, scores, batch)
    return ScoreGroup(
        group_id=group_id,
        writer_id="w",
        sequence=1,
        use_case="toy",
        model="toy",
        version="v",
        alias=None,
        created_at=utc_now(),
        classes=("good", "bad"),
        scores=scores,
        inputs=inputs,
        encoding=encoding,
        row_digests=digests,
    )


def batch_of(values):
    columns = list(zip(*values, strict=True))
    arrays = [pa.array(column, kind) for column, kind in zip(columns, TYPES, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, list(FIELDS))


@given(ROWS)
def test_columns_and_rows_give_the_same_digests(values):
    group_id, scores = new_group_id(), scores_of(len(values))
    by_row = digest_rows(group_id, scores, [plain(row) for row in values])
    assert digest_columns(group_id, scores, batch_of(values)) == by_row


@pytest.mark.parametrize(
    "changes",
    [
        {"predictions": [1.5, -2.0], "probabilities": [None, None]},
        {"by_class": [(0.2, 0.8), (0.5, 0.5)]},
        {"details": [None, '{"interval":{}}']},
        {"request_ids": ["a", "b"]},
        {"subject_key_ids": ["a" * 64, "b" * 64]},
        {"subject_key_ids": [None, "b" * 64]},
    ],
)
def test_every_part_of_a_score_is_in_its_digest_in_both_ways(changes):
    values = [(1, 2.0, "t", True, date(2024, 1, 31), datetime(2024, 1, 31, tzinfo=UTC))] * 2
    stored, group_id = [plain(row) for row in values], new_group_id()
    plain_digest = digest_rows(group_id, scores_of(2), stored)
    changed = scores_of(2, **changes)
    assert digest_rows(group_id, changed, stored) != plain_digest
    assert digest_columns(group_id, changed, batch_of(values)) == digest_rows(
        group_id, changed, stored
    )


@pytest.mark.parametrize("encoding", Encoding)
def test_a_group_that_was_not_touched_verifies_and_a_changed_row_is_named(encoding):
    values = [(n, n / 3, f"t{n}", None, None, None) for n in range(5)]
    group = group_of(5, values, encoding)
    assert verify_rows(group) == []
    names, rows = stored_rows(group)
    assert (names, rows) == (FIELDS, values)
    predictions = [*group.scores.predictions]
    predictions[3] = "good" if predictions[3] == "bad" else "bad"
    forged = replace(group, scores=replace(group.scores, predictions=predictions))
    assert verify_rows(forged) == [3]


@pytest.mark.parametrize("bits", [7, 8, 15, 16, 31, 32, 62, 63])
def test_whole_numbers_come_back_from_the_narrow_types_they_are_written_in(bits):
    values = [(-(2**bits), 0.0, "t", None, None, None), (2**bits - 1, 0.0, None, *[None] * 3)]
    batch = batch_of(values)
    encoded = batch.set_column(2, "text", batch.column(2).dictionary_encode())
    assert unpack_arrow(pack_arrow(encoded)) == (FIELDS, values)
    assert unpack_arrow(pack_arrow(batch.slice(0, 0))) == (FIELDS, [])


def test_dictionary_encoded_columns_have_the_digests_of_their_values():
    values = [(1, 1.0, text, True, None, None) for text in ("a", "b", "a", None)]
    batch, group_id, scores = batch_of(values), new_group_id(), scores_of(4)
    encoded = batch.set_column(2, "text", batch.column(2).dictionary_encode())
    assert digest_columns(group_id, scores, encoded) == digest_columns(group_id, scores, batch)


EDGES = [sign * 2**power + step for power in range(63) for step in (-1, 0, 1) for sign in (-1, 1)]


@pytest.mark.parametrize("rows", [40, 3000])
def test_columns_with_few_and_with_many_values_have_the_digests_of_their_rows(rows):
    values = [
        (
            EDGES[n % len(EDGES)] if n % 3 else n,
            None if n % 11 == 0 else n / 7,
            None if n % 13 == 0 else f"{n % 5}" * (1 + n % 3),
            n % 2 == 0,
            date(2024, 1, 1 + n % 9),
            datetime(2024, 1, 1, n % 24, tzinfo=UTC),
        )
        for n in range(rows)
    ]
    changes = {"record_keys": [f"k-{n:05d}" for n in range(rows)], "by_class": None}
    batch, group_id, scores = batch_of(values), new_group_id(), scores_of(rows, **changes)
    few = pa.array([n % 4 for n in range(rows)], pa.int64())
    text = batch.column(2).dictionary_encode()
    batch = batch.append_column("few", few).append_column("again", text)
    stored = [plain((*row, n, row[2])) for n, row in zip(few.to_pylist(), values, strict=True)]
    assert digest_columns(group_id, scores, batch) == digest_rows(group_id, scores, stored)


def test_rows_without_stored_fields_keep_their_number():
    assert unpack_rows(pack_rows((), [(), (), ()])) == ((), [(), (), ()])


def test_ids_are_made_in_columns_as_one_by_one():
    group_id = new_group_id()
    column = score_ids(group_id, 250, 300)
    assert column.to_pylist() == [score_id(group_id, row) for row in range(250, 550)]
