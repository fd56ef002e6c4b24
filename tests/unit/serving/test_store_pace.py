"""A store is slow when two commits in a row were, and is tried again after a while."""

import pytest

from crispml_core.serving.store_pace import AT_ONCE_S, StorePace

FAST, SLOW = AT_ONCE_S / 2, AT_ONCE_S * 5


@pytest.mark.parametrize(
    ("commits", "is_fast"),
    [
        ([], True),
        ([FAST, SLOW], True),
        ([SLOW, FAST], True),
        ([FAST, SLOW, SLOW], False),
        ([SLOW, SLOW, FAST], True),
    ],
)
def test_one_slow_commit_is_not_yet_a_slow_store(commits, is_fast):
    pace = StorePace()
    for seconds in commits:
        pace.note(seconds)
    assert pace.is_fast is is_fast


def test_a_slow_store_is_tried_again_after_some_records_and_not_at_once():
    pace = StorePace()
    pace.note(SLOW)
    pace.note(SLOW)
    records = 0
    while not pace.is_fast:
        pace.forget_some()
        records += 1
    assert 5 < records < 100
