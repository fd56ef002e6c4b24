"""What every log of erasures does."""

from __future__ import annotations

import threading

import pytest

from crispml_core.domain.erasures import Erasure
from crispml_core.domain.subjects import SubjectKey

ANNA, BERT = "a" * 64, "b" * 64


@pytest.fixture
def erasures(stores):
    return stores.erasures


def an_erasure(stores, key_id=ANNA, **changes):
    facts = {
        "subject_key_id": key_id,
        "erased_at": stores.clock(),
        "requested_by": "key:dpo",
        "reason": "case 4711",
        "certificate": {"kind": "erasure", "use_cases": {"credit": {"scores": 3}}, "ä": None},
    }
    return Erasure(**facts | changes)


def with_key(stores, key_id=ANNA):
    key = SubjectKey(subject_key_id=key_id, wrapped_key="wrapped", created_at=stores.clock())
    stores.subject_keys.add([key])
    return key


def test_the_key_goes_and_the_erasure_stays(stores, erasures):
    made, other = with_key(stores), with_key(stores, BERT)
    stores.clock.advance(5)
    erasure = an_erasure(stores)

    assert erasures.commit(erasure) == erasure

    assert erasures.of_subject(ANNA) == [erasure]
    assert erasures.of_subject(BERT) == []
    held = stores.subject_keys.find([ANNA, BERT])
    assert held[ANNA].wrapped_key is None
    assert (held[ANNA].created_at, held[ANNA].destroyed_at) == (made.created_at, stores.clock())
    assert held[BERT] == other


def test_a_second_erasure_changes_nothing(stores, erasures):
    with_key(stores)
    first = erasures.commit(an_erasure(stores))
    stores.clock.advance(60)

    assert erasures.commit(an_erasure(stores, reason="again")) == first
    assert erasures.commit(first) == first

    assert erasures.of_subject(ANNA) == [first]
    assert stores.subject_keys.find([ANNA])[ANNA].destroyed_at == first.erased_at


def test_a_subject_without_a_key_gets_none_later(stores, erasures):
    erasures.commit(an_erasure(stores))

    with_key(stores)

    assert stores.subject_keys.find([ANNA])[ANNA].wrapped_key is None


def test_a_key_that_was_destroyed_before_has_its_erasure_too(stores, erasures):
    with_key(stores)
    at = stores.clock.advance(1)
    stores.subject_keys.destroy(ANNA, at=at)
    stores.clock.advance(1)

    erasure = erasures.commit(an_erasure(stores))

    assert erasures.of_subject(ANNA) == [erasure]
    assert stores.subject_keys.find([ANNA])[ANNA].destroyed_at == at


def test_of_two_at_once_both_get_the_same(stores, erasures):
    results, errors = [], []

    def erase(number):
        try:
            results.append(erasures.commit(an_erasure(stores, reason=f"{number}")))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=erase, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len({result.erasure_id for result in results}) == 1
    assert len(erasures.of_subject(ANNA)) == 1
