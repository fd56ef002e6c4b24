"""Lists of several use cases shown as one."""

from __future__ import annotations

from crispml_console.parts.several import together
from crispml_console.service.asked import State
from crispml_core.client import ServiceUnreachable

AWAY = ServiceUnreachable("the scoring service does not answer")


def test_nothing_is_shown_before_each_answer_is_there():
    assert together([State([1]), State()]).value is None
    assert together([State([1]), State([2, 3])]).value == [1, 2, 3]


def test_what_is_known_is_shown_beside_what_failed():
    state = together([State([1]), State(None, AWAY)])
    assert (state.value, state.error) == ([1], AWAY)
