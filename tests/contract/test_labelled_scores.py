"""The table of scores and labels that every score ledger gives."""

from __future__ import annotations

import json
from datetime import timedelta

import pyarrow as pa
import pytest

from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.errors import TooLarge
from crispml_core.domain.labels import Label
from crispml_core.domain.models import SHADOW
from crispml_core.domain.scores import ScoreRows


@pytest.fixture
def ledger(stores):
    return stores.ledger


def test_the_table_of_a_window_has_its_columns_even_when_it_is_empty(ledger):
    moment = pa.timestamp("us", "UTC")

    table = ledger.with_labels("credit", start=None, end=None)

    assert table.num_rows == 0
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == {
        "score_id": pa.string(),
        "record_key": pa.string(),
        "version": pa.dictionary(pa.int32(), pa.string()),
        "prediction": pa.string(),
        "probability": pa.float64(),
        "probabilities": pa.string(),
        "segments": pa.dictionary(pa.int32(), pa.string()),
        "scored_at": moment,
        "label": pa.string(),
        "label_time": moment,
        "received_at": moment,
        "propensity": pa.float64(),
    }


def test_the_table_holds_the_scores_of_the_window_and_the_version(stores, ledger):
    start = stores.clock()
    first = stores.score("a", "b")
    second_at = stores.clock.advance(60)
    second = stores.score("c", version="v2")
    stores.score("d", use_case="churn")

    def keys(start=None, end=None, **what):
        table = ledger.with_labels("credit", start=start, end=end, **what)
        return table["record_key"].to_pylist()

    assert keys() == ["a", "b", "c"]
    assert keys(start=start, end=second_at) == ["a", "b"]
    assert keys(start=second_at) == ["c"]
    assert keys(version="v1") == ["a", "b"]
    assert keys(as_of=start) == ["a", "b"]
    assert keys(as_of=start - timedelta(seconds=1)) == []
    row = ledger.with_labels("credit", start=None, end=None).to_pylist()[2]
    assert row == {
        "score_id": second[0].score_id,
        "record_key": "c",
        "version": "v2",
        "prediction": "bad",
        "probability": 0.25,
        "probabilities": '{"bad":0.75,"good":0.25}',
        "segments": '{"sex":"f"}',
        "scored_at": second_at,
        "label": None,
        "label_time": None,
        "received_at": None,
        "propensity": None,
    }
    assert row["score_id"] > first[1].score_id


def test_a_numeric_prediction_is_exact_text_in_the_table(stores, ledger):
    stores.score("a", prediction=0.1 + 0.2)

    table = ledger.with_labels("credit", start=None, end=None)

    assert float(table["prediction"][0].as_py()) == 0.1 + 0.2
    assert table["probability"].to_pylist() == [None]
    assert table["probabilities"].to_pylist() == ["{}"]


def test_scores_with_other_classes_stand_in_one_table(stores, ledger):
    stores.score("a", probability=0.1 + 0.2)
    three = ScoreRows(
        record_keys=["b"],
        predictions=["x"],
        probabilities=[0.5],
        segments=["{}"],
        request_ids=[""],
        by_class=[(0.5, 1 / 3, 1e-300)],
    )
    stores.score("b", classes=("x", 'y"', "z"), scores=three)
    stores.score("c", prediction=1.0)

    table = ledger.with_labels("credit", start=None, end=None)

    assert [json.loads(text) for text in table["probabilities"].to_pylist()] == [
        {"bad": 1.0 - (0.1 + 0.2), "good": 0.1 + 0.2},
        {"x": 0.5, 'y"': 1 / 3, "z": 1e-300},
        {},
    ]


def test_a_table_has_only_the_columns_that_are_asked_for(stores, ledger):
    first, *_ = stores.score("a", "b", probability=0.1 + 0.2)
    three = ScoreRows(
        record_keys=["c"],
        predictions=["good"],
        probabilities=[0.5],
        segments=["{}"],
        request_ids=[""],
        by_class=[(1 / 3, 0.5, 1e-300)],
    )
    stores.score("c", classes=("x", "good", 'y"'), scores=three)
    stores.score("d", prediction=1.0)
    now = stores.clock()
    stores.labels.add(
        "credit",
        [
            Label(value="bad", label_time=now, score_id=first.score_id, propensity=0.5),
            Label(value="bad", label_time=now, record_key="b", scored_until=now),
            Label(value="good", label_time=now, record_key="c"),
        ],
    )
    whole = ledger.with_labels("credit", start=None, end=None)

    def of(*columns):
        return ledger.with_labels("credit", start=None, end=None, columns=columns)

    for name in whole.schema.names:
        assert of(name).equals(whole.select([name])), name
    assert of("label", "version").equals(whole.select(["label", "version"]))
    assert of("probability_good", 'probability_y"', "probability_none").to_pydict() == {
        "probability_good": [0.1 + 0.2, 0.1 + 0.2, 0.5, None],
        'probability_y"': [None, None, 1e-300, None],
        "probability_none": [None, None, None, None],
    }
    assert of("probability_bad")["probability_bad"][0].as_py() == 1.0 - (0.1 + 0.2)


def test_scores_that_nobody_was_answered_stand_in_a_table_of_their_own(stores, ledger):
    stores.score("a", alias="champion")
    stores.score("b", alias=None)
    stores.score("a", alias=SHADOW, version="v2")
    now = stores.clock()
    stores.labels.add("credit", [Label(value="bad", label_time=now, record_key="a")])

    def found(**what):
        rows = ledger.with_labels("credit", start=None, end=None, **what).to_pylist()
        return [(row["record_key"], row["version"], row["label"]) for row in rows]

    assert found() == [("a", "v1", "bad"), ("b", "v1", None)]
    assert found(shadow=True) == [("a", "v2", "bad")]
    assert found(shadow=True, version="v1") == []


def test_the_propensity_is_that_of_the_label_that_counts(stores, ledger):
    first, *_ = stores.score("a", "a", "b")
    now = stores.clock()
    stores.labels.add(
        "credit",
        [
            Label(value="bad", label_time=now, record_key="a", propensity=0.25),
            Label(value="bad", label_time=now, score_id=first.score_id),
            Label(value="bad", label_time=now, record_key="b"),
        ],
    )

    table = ledger.with_labels("credit", start=None, end=None)

    assert table["propensity"].to_pylist() == [None, 0.25, None]
    assert [label.propensity for label in stores.labels.find()] == [None, None, 0.25]


@pytest.mark.needs("tables")  # whatever is in the fake is in memory already
def test_a_window_that_is_too_large_for_the_memory_is_refused(stores):
    start = stores.clock()
    stores.score("a", "b")
    stores.clock.advance(60)
    stores.score("c")
    limited = SqlScoreLedger(stores.ledger._engine, most_joined=2)
    with pytest.raises(TooLarge, match=r"more than 2 scores.*CRISPML_SCORING__REPORT_ROWS"):
        limited.with_labels("credit", start=None, end=None)
    window = limited.with_labels("credit", start=start, end=start + timedelta(seconds=1))
    assert window["record_key"].to_pylist() == ["a", "b"]
