"""A curation sees the prepared columns and nothing that could give the truth away."""

from dataclasses import replace

import pandas as pd

from crispml_core.tables.features import features


def test_keys_target_and_split_are_left_out(toy, toy_rows, prepared):
    frame = prepared(toy, toy_rows(200))
    assert list(features(toy, frame).columns) == ["amount", "items", "channel", "note", "price"]
    with_subject = replace(toy, subject_key="note")
    assert "note" not in features(with_subject, frame)


def test_a_record_without_truth_and_split_has_the_same_features(toy, toy_rows, prepared):
    frame = prepared(toy, toy_rows(200))
    alone = frame.drop(columns=["returned", "crispml_split"])
    pd.testing.assert_frame_equal(features(toy, alone), features(toy, frame))


def test_truth_values_become_numbers(toy):
    frame = pd.DataFrame({"order_id": ["a", "b"], "cheap": [True, False]})
    assert features(toy, frame)["cheap"].tolist() == [1.0, 0.0]
    assert frame["cheap"].dtype == bool
