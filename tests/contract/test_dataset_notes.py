"""What every store of notes about data sets does."""

from __future__ import annotations

import pytest

from crispml_core.domain.errors import PreconditionFailed
from crispml_core.ports.dataset_notes import ANY_SEQUENCE


def test_notes_are_numbered_and_come_back_oldest_first(stores):
    first = stores.notes.add("a", {"owner": "risk", "tags": ["q1"]}, expected=0, noted_by="ann")
    stores.clock.advance(1)
    second = stores.notes.add("a", {"owner": None}, expected=1, reason="left", floor="confidential")
    other = stores.notes.add("b", {"description": "ö"}, expected=0)

    assert (first.sequence, second.sequence, other.sequence) == (1, 2, 1)
    assert first.noted_at < second.noted_at
    assert stores.notes.of(["b", "a", "nobody"]) == {"a": [first, second], "b": [other]}
    assert second.changes == {"owner": None}
    assert stores.notes.of([]) == {}


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_a_note_after_another_look_is_refused_and_nothing_is_stored(stores, expected):
    stores.notes.add("a", {"owner": "risk"}, expected=0)
    with pytest.raises(PreconditionFailed):
        stores.notes.add("a", {"owner": "ops"}, expected=expected)
    assert len(stores.notes.of(["a"])["a"]) == 1


def test_any_sequence_notes_in_any_case(stores):
    for number in (1, 2, 3):
        assert stores.notes.add("a", {"owner": "x"}, expected=ANY_SEQUENCE).sequence == number


def test_many_data_sets_are_asked_for_at_once(stores):
    for number in range(3):
        stores.notes.add(f"d{number}", {"owner": "x"}, expected=0)
    assert len(stores.notes.of([f"d{number}" for number in range(1200)])) == 3
