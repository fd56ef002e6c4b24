"""What every label store does, and how its labels meet the scores of the ledger."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crispml_core.domain.errors import IdempotencyKeyReused, InvalidInput
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.labels import Label, Verdict

ACCEPTED, DUPLICATE, SUPERSEDED, UNKNOWN = Verdict


@pytest.fixture
def labels(stores):
    return stores.labels


def a_label(stores, key=None, value="bad", *, after=0, score=None, **changes):
    return Label(
        value=value,
        label_time=stores.clock.now + timedelta(seconds=after),
        record_key=key,
        score_id=score.score_id if score else None,
        **changes,
    )


def verdicts(stores, *rows, use_case="credit", **keys):
    return list(stores.labels.add(use_case, rows, **keys).verdicts)


def truth(stores, use_case="credit", **when):
    """The label of every score, by its place in the order of scoring."""
    window = {"start": None, "end": None} | when
    return stores.ledger.with_labels(use_case, **window)["label"].to_pylist()


def test_the_first_truth_of_a_scored_record_is_accepted(stores, labels):
    (by_id, _) = stores.score("a", "b")
    now = stores.clock.advance(5)
    rows = [a_label(stores, score=by_id), a_label(stores, "b", "good", source="core", after=-9)]

    receipt = labels.add("credit", rows)

    assert receipt.verdicts == (ACCEPTED, ACCEPTED)
    assert receipt.counts == {"accepted": 2, "duplicate": 0, "superseded": 0, "unknown": 0}
    assert (receipt.use_case, receipt.received_at) == ("credit", now)
    second, first = labels.find()
    assert receipt.label_ids == (first.label_id, second.label_id)
    assert (second.value, second.source, second.record_key) == ("good", "core", "b")
    assert (second.label_time, second.received_at) == (now - timedelta(seconds=9), now)
    assert (second.is_current, second.supersedes, second.score_id) == (True, None, None)
    assert first.score_id == by_id.score_id
    table = stores.ledger.with_labels("credit", start=None, end=None).to_pylist()
    assert [(r["label"], r["label_time"], r["received_at"]) for r in table] == [
        ("bad", now, now),
        ("good", now - timedelta(seconds=9), now),
    ]


def test_a_label_without_a_score_waits_for_it(stores):
    assert verdicts(stores, a_label(stores, "a")) == [UNKNOWN]

    stores.score("a")

    assert truth(stores) == ["bad"]
    assert verdicts(stores, a_label(stores, "a")) == [DUPLICATE]


def test_a_score_of_another_use_case_is_unknown(stores):
    (score,) = stores.score("a", use_case="churn")

    assert verdicts(stores, a_label(stores, "a"), a_label(stores, score=score)) == [UNKNOWN] * 2
    assert truth(stores, "churn") == [None]


def test_the_same_truth_again_stores_nothing(stores, labels):
    stores.score("a")
    (first,) = labels.add("credit", [a_label(stores, "a")]).label_ids

    receipt = labels.add("credit", [a_label(stores, "a", after=60)])

    assert (receipt.verdicts, receipt.label_ids) == ((DUPLICATE,), (None,))
    assert [label.label_id for label in labels.find()] == [first]


def test_a_correction_supersedes_and_the_history_stays(stores, labels):
    stores.score("a")
    verdicts(stores, a_label(stores, "a", "bad"))
    stores.clock.advance(60)

    assert verdicts(stores, a_label(stores, "a", "good")) == [SUPERSEDED]

    new, old = labels.find(record_key="a")
    assert (new.value, new.is_current, new.supersedes) == ("good", True, old.label_id)
    assert (old.value, old.is_current) == ("bad", False)
    assert truth(stores) == ["good"]


def test_of_two_truths_for_one_moment_the_later_import_counts(stores):
    stores.score("a")
    verdicts(stores, a_label(stores, "a", "bad"))

    assert verdicts(stores, a_label(stores, "a", "good")) == [SUPERSEDED]
    assert truth(stores) == ["good"]


def test_an_older_truth_goes_to_the_history_only(stores, labels):
    stores.score("a")
    verdicts(stores, a_label(stores, "a", "bad"))

    assert verdicts(stores, a_label(stores, "a", "good", after=-60)) == [SUPERSEDED]

    late, current = labels.find()
    assert (late.value, late.is_current, late.supersedes) == ("good", False, None)
    assert current.is_current
    assert truth(stores) == ["bad"]


def test_rows_of_one_import_count_in_order(stores, labels):
    stores.score("a", "b")
    rows = [
        a_label(stores, "a", "bad"),
        a_label(stores, "a", "bad"),
        a_label(stores, "b", "bad"),
        a_label(stores, "a", "good", after=1),
        a_label(stores, "a", "bad", after=2),
        a_label(stores, "a", "good", after=-1),
    ]

    assert verdicts(stores, *rows) == [
        *(ACCEPTED, DUPLICATE, ACCEPTED),
        *(SUPERSEDED, SUPERSEDED, SUPERSEDED),
    ]
    assert truth(stores) == ["bad", "bad"]
    assert [label.is_current for label in labels.find(record_key="a")] == [
        *(False, True, False, False),
    ]


def test_a_label_of_a_record_counts_for_every_score_of_it(stores):
    stores.score("a", "b")
    stores.clock.advance(60)
    stores.score("a")

    verdicts(stores, a_label(stores, "a"))

    assert truth(stores) == ["bad", None, "bad"]


def test_a_label_of_a_score_wins_over_one_of_its_record(stores):
    first, _ = stores.score("a", "a")
    verdicts(stores, a_label(stores, "a", "bad", after=60))

    assert verdicts(stores, a_label(stores, score=first, value="good")) == [ACCEPTED]
    assert truth(stores) == ["good", "bad"]


def test_a_label_that_names_score_and_record_is_about_the_score(stores, labels):
    first, _ = stores.score("a", "a")

    verdicts(stores, a_label(stores, "a", score=first))

    assert truth(stores) == ["bad", None]
    assert len(labels.find(record_key="a")) == 1


def test_what_was_known_at_a_moment_can_be_asked_later(stores):
    stores.score("a")
    before = stores.clock()
    stores.clock.advance(10)
    verdicts(stores, a_label(stores, "a", "bad"))
    between = stores.clock()
    stores.clock.advance(10)
    verdicts(stores, a_label(stores, "a", "good"))
    stores.clock.advance(10)
    verdicts(stores, a_label(stores, "a", "late", after=-100))

    assert truth(stores, as_of=before) == [None]
    assert truth(stores, as_of=between) == ["bad"]
    assert truth(stores, as_of=stores.clock()) == ["good"]
    assert truth(stores) == ["good"]


@pytest.mark.parametrize("same", [1, 1.0])
def test_numbers_are_compared_as_numbers(stores, labels, same):
    stores.score("a", prediction=0.5, probability=None)
    verdicts(stores, a_label(stores, "a", 1.0))

    assert verdicts(stores, a_label(stores, "a", same)) == [DUPLICATE]
    assert verdicts(stores, a_label(stores, "a", 0.1)) == [SUPERSEDED]
    assert [label.value for label in labels.find()] == [0.1, 1.0]
    assert float(truth(stores)[0]) == 0.1


def test_a_label_about_nothing_is_refused_and_nothing_is_stored(stores, labels):
    with pytest.raises(InvalidInput, match=r"score_id.*record_key"):
        labels.add("credit", [a_label(stores, "a"), a_label(stores)])

    assert labels.find() == []


def test_an_idempotency_key_gives_the_same_receipt_again(stores, labels):
    stores.score("a")
    rows = [a_label(stores, "a"), a_label(stores, "a"), a_label(stores, "x")]
    first = labels.add("credit", rows, idempotency_key="k", fingerprint="f")
    stores.clock.advance(60)
    verdicts(stores, a_label(stores, "a", "good"))

    assert labels.add("credit", rows, idempotency_key="k", fingerprint="f") == first
    assert len(labels.find()) == 3
    with pytest.raises(IdempotencyKeyReused):
        labels.add("credit", rows, idempotency_key="k", fingerprint="g")
    assert labels.add("churn", rows, idempotency_key="k", fingerprint="f") != first


def test_labels_are_found_newest_first_in_pages(stores, labels):
    ids = labels.add("credit", [a_label(stores, key) for key in "abcd"]).label_ids
    other = labels.add("churn", [a_label(stores, "a")]).label_ids

    def found(**what):
        return tuple(label.label_id for label in labels.find(**what))

    assert found() == (*other, *ids[::-1])
    assert found(use_case="credit", limit=2) == (ids[3], ids[2])
    assert found(use_case="credit", before=ids[2]) == (ids[1], ids[0])
    assert found(record_key="a") == (*other, ids[0])
    assert found(score_id=str(new_id())) == ()


def test_the_same_labels_imported_at_once_are_stored_once(stores, labels):
    keys = [f"k{i}" for i in range(300)]
    stores.score(*keys)
    rows = [a_label(stores, key) for key in keys]
    barrier, receipts = threading.Barrier(3), []

    def work(ordered):
        barrier.wait()
        receipts.append(labels.add("credit", ordered))

    threads = [
        threading.Thread(target=work, args=(ordered,)) for ordered in (rows, rows[::-1], rows)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(receipts) == 3
    assert sum(receipt.counts["accepted"] for receipt in receipts) == 300
    assert sum(receipt.counts["duplicate"] for receipt in receipts) == 600
    assert len(labels.find(limit=1000)) == 300


RECORDS = st.sampled_from(["a", "b"])
VALUES = st.sampled_from(["bad", "good", "other"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("score"), st.lists(RECORDS, min_size=1, max_size=3)),
        st.tuples(
            st.just("label"),
            st.lists(
                st.tuples(st.one_of(RECORDS, st.integers(0, 3)), VALUES, st.integers(0, 3)),
                min_size=1,
                max_size=3,
            ),
        ),
    ),
    max_size=10,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_every_score_meets_at_most_one_label_and_the_right_one(stores, steps):
    """The join agrees with a plain model, for now and for every moment of the past."""
    use_case, begin = f"property-{new_id()}", stores.clock()
    scores, imported, moments = [], [], [begin]
    for kind, content in steps:
        moments.append(stores.clock.advance(1))
        if kind == "score":
            made = stores.score(*content, use_case=use_case)
            scores += [(stores.clock(), score) for score in made]
            continue
        rows = []
        for subject, value, second in content:
            if isinstance(subject, int) and subject >= len(scores):
                continue
            about = scores[subject][1].score_id if isinstance(subject, int) else None
            key = subject if about is None else None
            time = begin + timedelta(seconds=second)
            rows.append(Label(value=value, label_time=time, score_id=about, record_key=key))
        stores.labels.add(use_case, rows)
        imported += [(stores.clock(), row) for row in rows]

    for as_of in [None, *moments]:
        table = stores.ledger.with_labels(use_case, start=None, end=None, as_of=as_of)
        found = list(zip(table["score_id"].to_pylist(), table["label"].to_pylist(), strict=True))
        assert found == expected(scores, imported, as_of)


def expected(scores, imported, as_of):
    current = {}
    for received_at, row in imported:
        if as_of is not None and received_at > as_of:
            continue
        subject = row.score_id or row.record_key
        value, time = current.get(subject, (None, row.label_time))
        if row.value != value and row.label_time >= time:
            current[subject] = (row.value, row.label_time)
    return [
        (score.score_id, (current.get(score.score_id) or current.get(score.record_key, (None,)))[0])
        for stored_at, score in scores
        if as_of is None or stored_at <= as_of
    ]


def test_labels_that_were_received_are_counted_with_their_corrections(stores, labels):
    stores.score("a", "b")
    before = stores.clock()
    stores.clock.advance(10)
    labels.add("credit", [a_label(stores, "a"), a_label(stores, "b")])
    middle = stores.clock()
    stores.clock.advance(10)
    labels.add("credit", [a_label(stores, "a", "good")])
    after = stores.clock()

    assert labels.count_received("credit", before, after) == 3
    assert labels.count_received("credit", before, middle) == 2
    assert labels.count_received("credit", middle, after) == 1
    assert labels.count_received("other", before, after) == 0


def test_labels_under_keys_that_differ_in_a_blank_at_the_end_are_two(stores):
    stores.score("a", "a ")
    about = [Label(value="bad", record_key=key, label_time=stores.clock()) for key in ("a", "a ")]

    done = stores.labels.add("credit", about)

    assert done.counts["accepted"] == 2
    table = stores.ledger.with_labels("credit", start=None, end=None)
    assert table["label"].to_pylist() == ["bad", "bad"]
    assert [label.record_key for label in stores.labels.find(record_key="a")] == ["a"]
