"""NewDataScore turns records into scores that are ready to be committed."""

import hashlib
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from crispml_core.domain.errors import InvalidInput, InvalidRecords
from crispml_core.methods.new_data_score import NewDataScore, ScoreRequest

REQUEST = ScoreRequest(
    scored_at=datetime(2026, 3, 1, tzinfo=UTC), request_id="r-1", alias="champion"
)
GOOD = {"order_id": "O-1", "amount": 120.5, "items": 2, "channel": "web", "note": None}


def test_each_record_becomes_one_score_with_its_references(toy, trained):
    group, scores = NewDataScore(toy, trained.scorer).run(
        [GOOD, {**GOOD, "order_id": "O-2", "amount": 700}], REQUEST
    )
    assert [score.record_key for score in scores] == ["O-1", "O-2"]
    assert [score.row for score in scores] == [0, 1]
    assert {score.group_id for score in scores} == {group.group_id}
    assert scores[0].score_id < scores[1].score_id
    assert scores[0].segments == {"channel": "web", "size": "100 - 500"}
    assert scores[1].segments["size"] == ">= 500"
    assert scores[0].version == group.version == trained.scorer.manifest.version
    assert scores[0].probability == scores[0].probabilities["yes"]
    assert scores[0].request_id == "r-1"
    decided = scores[0].probability >= trained.scorer.manifest.threshold
    assert scores[0].prediction == ("yes" if decided else "no")


def test_the_stored_inputs_leave_out_what_must_not_be_kept(toy, trained):
    record = {**GOOD, "note": "the caller's secret"}
    group, _ = NewDataScore(toy, trained.scorer).run([record], REQUEST)
    stored = pa.ipc.open_stream(group.inputs).read_all()
    assert stored.column_names == ["order_id", "amount", "items", "channel"]
    assert b"secret" not in group.inputs
    assert len(group.row_digests) == hashlib.sha256().digest_size


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"amount": -1}, "range", "amount"),
        ({"amount": "12"}, "type", "amount"),
        ({"amount": float("inf")}, "finite", "amount"),
        ({"items": 2.5}, "type", "items"),
        ({"items": True}, "type", "items"),
        ({"channel": "fax"}, "category", "channel"),
        ({"channel": None}, "missing", "channel"),
        ({"order_id": ""}, "missing", "order_id"),
        ({"returned": "yes"}, "target_in_request", "returned"),
    ],
)
def test_one_wrong_record_refuses_all_and_is_named(toy, trained, change, rule, field):
    with pytest.raises(InvalidRecords) as caught:
        NewDataScore(toy, trained.scorer).run([GOOD, {**GOOD, **change}], REQUEST)
    (problem,) = caught.value.problems
    assert (problem.row, problem.rule, problem.field) == (1, rule, field)


def test_no_records_are_an_error(toy, trained):
    with pytest.raises(InvalidInput, match="empty"):
        NewDataScore(toy, trained.scorer).run([], REQUEST)
