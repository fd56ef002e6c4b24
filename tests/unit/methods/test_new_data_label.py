"""NewDataLabel reads truth rows or says what is wrong with which row."""

from datetime import UTC, datetime

import pytest

from crispml_core.domain.errors import InvalidInput, InvalidRecords
from crispml_core.methods.new_data_label import NewDataLabel

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCORE_ID = "0190a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b"


def test_rows_become_labels_in_order(toy):
    labels = NewDataLabel(toy).run(
        [
            {"score_id": SCORE_ID, "label": "yes"},
            {"record_key": "O-1", "label": "no", "label_time": "2026-02-01t10:00:00+02:00"},
            {"record_key": 7, "label": "no", "source": "back office", "propensity": 1},
        ],
        NOW,
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
        NewDataLabel(toy).run([fine, row], NOW)
    (problem,) = caught.value.problems
    assert (problem.row, problem.rule, problem.field) == (1, rule, field)
    for canary in ("maybe", "yesterday", "canary"):
        assert canary not in str(caught.value)


def test_a_regression_label_is_a_number_in_range(toy_regression):
    method = NewDataLabel(toy_regression)
    (label,) = method.run([{"record_key": "a", "label": 3}], NOW)
    assert label.value == 3.0
    for wrong in (float("nan"), -1, 10**400, "3", True):
        with pytest.raises(InvalidRecords):
            method.run([{"record_key": "a", "label": wrong}], NOW)


def test_no_rows_are_an_error(toy):
    with pytest.raises(InvalidInput, match="empty"):
        NewDataLabel(toy).run([], NOW)
