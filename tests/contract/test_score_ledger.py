"""What every score ledger does."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from crispml_core.domain.errors import Conflict, IdempotencyKeyReused, NotFound
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import Score, ScoreGroup, chain_root


@pytest.fixture
def ledger(stores):
    return stores.ledger


def a_group(stores, keys=("a", "b"), *, sequence=1, writer_id="w", prediction="bad", **changes):
    group_id = str(new_id())
    digests = bytes(range(32)) * len(keys)
    group = ScoreGroup(
        group_id=group_id,
        writer_id=writer_id,
        sequence=sequence,
        use_case="credit",
        model="credit",
        version="v1",
        alias=None,
        created_at=stores.clock(),
        request_id="r-1",
        rows=len(keys),
        inputs=bytes(range(256)),
        row_digests=digests,
        root=chain_root(bytes(32), writer_id, sequence, digests),
        previous_root=bytes(32),
    )
    scores = [
        Score(
            score_id=str(new_id()),
            group_id=group_id,
            row=row,
            record_key=key,
            use_case="credit",
            model="credit",
            version="v1",
            prediction=prediction,
            probability=None if isinstance(prediction, float) else 0.1 + 0.2,
            scored_at=stores.clock(),
            request_id="r-1",
            probabilities={} if isinstance(prediction, float) else {"bad": 0.1 + 0.2, "gut ä": 0.7},
            segments={"sex": "f", "age": "18-25"},
        )
        for row, key in enumerate(keys)
    ]
    return replace(group, **changes), scores


@pytest.mark.parametrize("prediction", ["bad", "1", 0.1, 1e300, -3.0])
def test_a_group_and_its_scores_come_back_as_they_were_committed(stores, ledger, prediction):
    group, scores = a_group(stores, prediction=prediction, alias="champion")

    assert ledger.append(group, scores) == (group, scores)

    assert ledger.group(group.group_id) == group
    found = ledger.get(scores[1].score_id)
    assert found == scores[1]
    assert type(found.prediction) is type(prediction)


def test_unknown_scores_and_groups_are_not_found(ledger):
    with pytest.raises(NotFound):
        ledger.get(str(new_id()))
    with pytest.raises(NotFound):
        ledger.group(str(new_id()))


def test_the_chain_of_a_writer_goes_on_from_its_last_root(stores, ledger):
    assert ledger.last_root("w") == (0, bytes(32))
    first, second = (a_group(stores, sequence=n) for n in (1, 2))
    ledger.append(*first)
    ledger.append(*second)
    ledger.append(*a_group(stores, writer_id="other", sequence=9))

    assert ledger.last_root("w") == (2, second[0].root)


def test_a_group_is_committed_whole_or_not_at_all(stores, ledger):
    group, scores = a_group(stores)
    ledger.append(group, scores)
    later, more = a_group(stores, ("c", "d"), sequence=2)
    with_a_known_score = [more[0], replace(more[1], score_id=scores[0].score_id)]

    with pytest.raises(Conflict):
        ledger.append(later, with_a_known_score)

    assert [score.record_key for score in ledger.find()] == ["b", "a"]
    assert ledger.last_root("w") == (1, group.root)
    with pytest.raises(NotFound):
        ledger.group(later.group_id)


def test_a_writer_cannot_write_one_sequence_twice(stores, ledger):
    ledger.append(*a_group(stores))

    with pytest.raises(Conflict, match="writer"):
        ledger.append(*a_group(stores))


def test_an_idempotency_key_gives_the_scores_of_then(stores, ledger):
    keyed = {"idempotency_key": "k", "fingerprint": "f"}
    group, scores = a_group(stores, ("a", "b", "c"), **keyed)
    ledger.append(group, scores)

    again = a_group(stores, ("x",), sequence=2, **keyed)
    assert ledger.append(*again) == (group, scores)
    assert ledger.replay("credit", "k", "f") == (group, scores)
    assert ledger.replay("churn", "k", "f") is None
    assert ledger.replay("credit", "new", "f") is None
    assert len(ledger.find()) == 3
    for reuse in (
        lambda: ledger.replay("credit", "k", "other"),
        lambda: ledger.append(*a_group(stores, sequence=3, idempotency_key="k", fingerprint="g")),
    ):
        with pytest.raises(IdempotencyKeyReused):
            reuse()


def test_one_idempotency_key_at_once_commits_one_group(stores, ledger):
    barrier, answers = threading.Barrier(5), []

    def append(i):
        group, scores = a_group(stores, writer_id=f"w{i}", idempotency_key="k", fingerprint="f")
        barrier.wait()
        answers.append(ledger.append(group, scores)[0].group_id)

    threads = [threading.Thread(target=append, args=(i,)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 5
    assert len(set(answers)) == 1
    assert len(ledger.find()) == 2


def test_scores_are_found_by_what_they_are_about(stores, ledger):
    start = stores.clock()
    old = stores.score("a", "b")
    stores.clock.advance(60)
    new = stores.score("a", version="v2")
    stores.score("a", use_case="churn")
    later = start + timedelta(seconds=60)

    def found(**what):
        return [score.score_id for score in ledger.find(**{"use_case": "credit"} | what)]

    everything = [score.score_id for score in [*old, *new]][::-1]
    assert found() == everything
    assert found(version="v2") == everything[:1]
    assert found(record_key="a") == [everything[0], everything[2]]
    assert found(start=later) == everything[:1], "the start belongs to the window"
    assert found(start=start, end=later) == everything[1:], "the end does not"
    assert found(limit=2) == everything[:2]
    assert found(before=everything[1]) == everything[2:]
    assert len(ledger.find()) == 4


def test_the_table_of_a_window_has_its_columns_even_when_it_is_empty(ledger):
    moment = pa.timestamp("us", "UTC")

    table = ledger.with_labels("credit", start=None, end=None)

    assert table.num_rows == 0
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == {
        "score_id": pa.string(),
        "record_key": pa.string(),
        "version": pa.string(),
        "prediction": pa.string(),
        "probability": pa.float64(),
        "probabilities": pa.string(),
        "segments": pa.string(),
        "scored_at": moment,
        "label": pa.string(),
        "label_time": moment,
        "received_at": moment,
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
        "probability": 0.75,
        "probabilities": '{"bad":0.75,"good":0.25}',
        "segments": '{"sex":"f"}',
        "scored_at": second_at,
        "label": None,
        "label_time": None,
        "received_at": None,
    }
    assert row["score_id"] > first[1].score_id


def test_a_numeric_prediction_is_exact_text_in_the_table(stores, ledger):
    stores.score("a", prediction=0.1 + 0.2, probability=None)

    table = ledger.with_labels("credit", start=None, end=None)

    assert float(table["prediction"][0].as_py()) == 0.1 + 0.2
    assert table["probability"].to_pylist() == [None]
