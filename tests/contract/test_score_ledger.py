"""What every score ledger does."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from crispml_core.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    WouldWait,
)
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import ScoreRows, new_group_id, score_id


@pytest.fixture
def ledger(stores):
    return stores.ledger


def an_event(**changes):
    return ServingEvent(**{"kind": EventKind.REFUSED, "code": "invalid_records"} | changes)


def keys_of(scores):
    return [score.record_key for score in scores]


@pytest.mark.parametrize("prediction", ["bad", "1", 0.1, 1e300, -3.0])
@pytest.mark.parametrize("rows", [1, 2, 63, 64, 65, 200])
def test_a_group_comes_back_as_it_was_committed(stores, ledger, prediction, rows):
    keys = [f"k{row}" for row in range(rows)]
    group = stores.group(*keys, prediction=prediction, probability=0.1 + 0.2, fallback=True)

    ledger.append([group])

    found = ledger.group(group.group_id)
    assert found == group
    assert type(found.scores.predictions[0]) is type(prediction)
    for row in {0, rows - 1}:
        score = ledger.get(score_id(group.group_id, row))
        assert score == group.score(row)
        assert type(score.prediction) is type(prediction)


def test_every_class_and_every_detail_comes_back(stores, ledger):
    group = stores.group(
        *("a", "b"),
        classes=("bad", 'gut "ä"', "so, so"),
        scores=ScoreRows(
            record_keys=["a", "b"],
            predictions=["bad", "so, so"],
            probabilities=[0.6, 0.1 + 0.2],
            segments=["{}", '{"age":"18-25","sex":"f"}'],
            request_ids=["r-1", "r-2"],
            by_class=[(0.6, 0.3, 0.1), (5e-324, 1.0, 0.1 + 0.2)],
            details=[None, '{"interval":[0.1,0.2]}'],
        ),
    )

    ledger.append([group])

    assert ledger.group(group.group_id) == group
    second = ledger.get(score_id(group.group_id, 1))
    assert second == group.score(1)
    assert second.probabilities == {"bad": 5e-324, 'gut "ä"': 1.0, "so, so": 0.1 + 0.2}
    assert second.details == {"interval": [0.1, 0.2]}


def test_the_keys_of_data_subjects_come_back(stores, ledger):
    group = stores.group("a", "b", "c")
    subjects = ["1" * 64, None, "2" * 64]
    group = replace(group, scores=replace(group.scores, subject_key_ids=subjects))

    ledger.append([group])

    assert ledger.group(group.group_id).scores.subject_key_ids == subjects


def test_unknown_scores_and_groups_are_not_found(stores, ledger):
    group = stores.group("a")
    ledger.append([group])

    for unknown in (str(new_id()), score_id(group.group_id, 1), group.group_id, "no id", ""):
        with pytest.raises(NotFound):
            ledger.get(unknown)
    with pytest.raises(NotFound):
        ledger.group(new_group_id())


def test_the_chain_of_a_writer_goes_on_from_its_last_root(stores, ledger):
    assert ledger.last_root("w") == (0, bytes(32))
    first = stores.group("a", writer_id="w")
    ledger.append([first])
    second = stores.group("b", writer_id="w")
    ledger.append([second, stores.group("c", writer_id="other", sequence=9)])

    assert second.previous_root == first.root
    assert ledger.last_root("w") == (2, second.root)


def test_many_groups_and_events_are_one_transaction(stores, ledger):
    first = stores.group("a")
    second = stores.group("b", "c", use_case="churn", sequence=2)
    events = [an_event(), an_event()]

    ledger.append([first, second], events)

    assert ledger.group(first.group_id) == first
    assert ledger.group(second.group_id) == second
    assert stores.events.find() == events[::-1]
    assert ledger.last_root("writer-a") == (2, second.root)


def test_nothing_of_a_transaction_is_stored_when_one_group_is_known(stores, ledger):
    known = stores.group("a")
    ledger.append([known])
    new = stores.group("b", "c")

    with pytest.raises(Conflict):
        ledger.append([new, known], [an_event()])

    assert keys_of(ledger.find()) == ["a"]
    assert keys_of(ledger.find(use_case="credit", record_key="b")) == []
    assert ledger.last_root("writer-a") == (1, known.root)
    assert stores.events.find() == []
    with pytest.raises(NotFound):
        ledger.group(new.group_id)
    ledger.append([new], [an_event()])
    assert keys_of(ledger.find()) == ["c", "b", "a"]


def test_a_writer_cannot_write_one_sequence_twice(stores, ledger):
    ledger.append([stores.group("a", writer_id="w", sequence=1)])

    with pytest.raises(Conflict, match="writer"):
        ledger.append([stores.group("b", writer_id="w", sequence=1)])


def test_what_is_stored_can_be_asked(stores, ledger):
    groups = [stores.group("a", sequence=n) for n in range(1, 4)]
    ledger.append(groups[:2])
    ids = [group.group_id for group in groups]

    assert ledger.stored(ids) == set(ids[:2])
    assert ledger.stored([]) == set()


def test_events_alone_are_committed_and_a_second_time_is_no_conflict(stores, ledger):
    event = an_event(use_case="credit", status=422, rule="range", field="age", request_id="r")
    ledger.append([], [event])
    group, later = stores.group("a"), an_event()

    ledger.append([group], [event, later])

    assert stores.events.find() == [later, event]
    assert ledger.stored([group.group_id]) == {group.group_id}


def test_an_event_that_is_too_long_does_not_keep_the_scores_out(stores, ledger):
    group = stores.group("a")

    ledger.append([group], [an_event(field="x" * 10_000)])

    assert ledger.group(group.group_id) == group
    assert len(stores.events.find()) == 1


def test_an_idempotency_key_gives_the_group_of_then(stores, ledger):
    keyed = {"idempotency_key": "k", "fingerprint": "f"}
    group = stores.group("a", "b", "c", **keyed)
    ledger.append([group])

    with pytest.raises(Conflict):
        ledger.append([stores.group("x", **keyed)])
    assert ledger.replay("credit", "k", "f") == group
    assert ledger.replay("churn", "k", "f") is None
    assert ledger.replay("credit", "new", "f") is None
    assert len(ledger.find()) == 3
    with pytest.raises(IdempotencyKeyReused):
        ledger.replay("credit", "k", "other")
    ledger.append([stores.group("x", use_case="churn", **keyed)])


def test_of_writers_with_one_idempotency_key_at_once_one_commits(stores, ledger):
    groups = [
        stores.group("a", "b", writer_id=f"w{i}", idempotency_key="k", fingerprint="f")
        for i in range(5)
    ]
    barrier, won = threading.Barrier(5), []

    def append(group):
        barrier.wait()
        try:
            ledger.append([group])
            won.append(group)
        except Conflict:
            pass

    in_threads(append, groups)

    assert len(won) == 1
    assert ledger.replay("credit", "k", "f") == won[0]
    assert len(ledger.find()) == 2


def test_two_writers_at_once_keep_two_chains(stores, ledger):
    def write(writer_id):
        for number in range(20):
            ledger.append([stores.group(f"{writer_id}-{number}", "x", writer_id=writer_id)])
            ledger.index_keys(3)

    in_threads(write, ["v", "w"])

    assert len(ledger.find(limit=1000)) == 80
    assert len(ledger.find(use_case="credit", record_key="x", limit=1000)) == 40
    for writer_id in ("v", "w"):
        assert ledger.last_root(writer_id)[0] == 20


def in_threads(work, arguments):
    threads = [threading.Thread(target=work, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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
    assert found(record_key="a", version="v1") == [everything[2]]
    assert found(start=later) == everything[:1], "the start belongs to the window"
    assert found(start=start, end=later) == everything[1:], "the end does not"
    assert found(limit=2) == everything[:2]
    assert found(before=everything[1]) == everything[2:]
    assert found(record_key="a", before=everything[0]) == [everything[2]]
    assert len(ledger.find()) == 4
    assert len(ledger.find(record_key="a")) == 3


def test_pages_meet_every_score_once_whatever_the_order_of_commits(stores, ledger):
    """A journal that is replayed brings older groups after newer ones."""
    groups = [stores.group("a", "b", sequence=n, use_case=u) for n, u in enumerate("xyxyx", 1)]
    moments = [3, 1, 2, 1, 3]
    groups = [
        replace(group, created_at=stores.clock() + timedelta(seconds=seconds))
        for group, seconds in zip(groups, moments, strict=True)
    ]
    for group in groups:
        ledger.append([group])

    for use_case in (None, "x"):
        wanted = ledger.find(use_case=use_case, limit=100)
        paged, before = [], None
        while page := ledger.find(use_case=use_case, limit=3, before=before):
            paged += page
            before = page[-1].score_id
        assert paged == wanted
        assert [score.scored_at for score in paged] == sorted(
            (score.scored_at for score in paged), reverse=True
        )
    assert len(ledger.find(limit=100)) == 10


def test_a_page_can_only_follow_on_a_score(stores, ledger):
    stores.score("a")

    with pytest.raises(InvalidInput, match="before"):
        ledger.find(before=str(new_id()))


def test_the_index_by_record_key_follows_in_steps(stores, ledger):
    stores.score(*(f"k{row}" for row in range(10)))
    stores.score("a", "b")

    done = [ledger.index_keys(4) for _ in range(10)]

    assert max(step.rows for step in done) <= 4
    assert sum(step.rows for step in done) == 12
    still = [step.rows for step in done if step.has_more]
    assert sum(still) < 12, "the last one says that it is the last"
    assert all(still), "nothing is left as soon as nothing can be done"
    assert ledger.index_keys(100).rows == 0
    assert keys_of(ledger.find(record_key="k9")) == ["k9"]
    assert keys_of(ledger.find(record_key="a")) == ["a"]


def test_a_read_by_record_key_does_not_wait_for_the_index(stores, ledger):
    for row in range(3):
        stores.score("a", f"k{row}")
    ledger.index_keys(3)

    assert len(ledger.find(use_case="credit", record_key="a")) == 3
    assert ledger.index_keys(100).rows == 0, "the read brought the index up to date"


def test_who_cannot_wait_has_committed_all_or_nothing(stores, ledger):
    ledger.append([stores.group("a")])  # opens what has to be open
    group = stores.group("b")
    try:
        ledger.append([group], wait=False)
    except WouldWait:
        assert ledger.stored([group.group_id]) == set()
        ledger.append([group])
    assert ledger.group(group.group_id) == group
    with pytest.raises((Conflict, WouldWait)):
        ledger.append([group], wait=False)
    after = stores.group("c")
    ledger.append([after])
    assert keys_of(ledger.find()) == ["c", "b", "a"]


def test_keys_that_differ_in_a_blank_at_the_end_are_two_records(stores, ledger):
    stores.score("a", "a ")

    assert [score.record_key for score in ledger.find(record_key="a")] == ["a"]
    assert [score.record_key for score in ledger.find(record_key="a ")] == ["a "]
