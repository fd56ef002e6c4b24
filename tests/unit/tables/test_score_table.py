"""Scores as a table."""

import json

import pyarrow as pa

from crispml_core.domain.scores import ScoreRows, new_group_id, score_id
from crispml_core.tables.score_table import score_ids, score_table

GROUP = new_group_id()


def some_rows(**changes):
    facts = {
        "record_keys": ["a", "b", "c"],
        "predictions": ["no", "yes", "no"],
        "probabilities": [0.1, 0.9, 0.2],
        "segments": [json.dumps({"sex": sex, "age": "< 25"}) for sex in "fmf"],
        "request_ids": ["r"] * 3,
    }
    return ScoreRows(**facts | changes)


def test_each_score_is_a_row_with_its_id_and_its_segments():
    table = score_table(some_rows(), ("no", "yes"), GROUP, offset=5)
    assert table.to_pylist()[1] == {
        "score_id": score_id(GROUP, 6),
        "record_key": "b",
        "prediction": "yes",
        "probability": 0.9,
        "segment_sex": "m",
        "segment_age": "< 25",
    }
    assert table.column_names[0] == "score_id"


def test_ids_are_those_of_the_domain_to_the_last_row_of_a_group():
    for first in (0, 9, 255, 65_530, (1 << 24) - 5):
        expected = [score_id(GROUP, row) for row in range(first, first + 3)]
        assert score_ids(GROUP, first, 3).to_pylist() == expected


def test_a_multiclass_model_has_a_column_per_class():
    by_class = [(0.1, 0.2, 0.7), (0.9, 0.1, 0.0), (0.3, 0.3, 0.4)]
    table = score_table(some_rows(by_class=by_class), ("x", "y", "z"), GROUP)
    assert table["probability_x"].to_pylist() == [0.1, 0.9, 0.3]
    assert table["probability_z"].to_pylist() == [0.7, 0.0, 0.4]


def test_a_number_has_no_probability():
    rows = some_rows(predictions=[1.5, 2.0, -3.0], probabilities=[None] * 3)
    table = score_table(rows, (), GROUP)
    assert table["prediction"].type == pa.float64()
    assert table["probability"].null_count == 3
    assert table["probability"].type == pa.float64()


def test_scores_without_segments_or_with_details():
    table = score_table(some_rows(segments=["{}"] * 3), ("no", "yes"), GROUP)
    assert table.column_names == ["score_id", "record_key", "prediction", "probability"]
    detailed = some_rows(details=["{}", None, '{"interval":{}}'])
    assert score_table(detailed, ("no", "yes"), GROUP)["details"].to_pylist()[1] is None
