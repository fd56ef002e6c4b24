"""The process is killed under load, and what was acknowledged is in the ledger exactly once."""

import pytest

from benchmarks.faults import moments
from benchmarks.faults.killing import ADOPTING, COMMIT, JOURNAL, KINDS, RANDOM, REPLAY, Killing

pytestmark = pytest.mark.slow

KILLS = 24


def test_no_kill_loses_or_doubles_a_score_that_was_acknowledged(world, truth):
    # `run` itself raises when a score is lost, doubled or changed, or when a chain is broken.
    found = Killing(world).run([KINDS[number % len(KINDS)] for number in range(KILLS)])
    assert found["kills"] == {RANDOM: 6, COMMIT: 6, JOURNAL: 6, REPLAY: 6}
    assert found["least_in_flight"] >= moments.IN_FLIGHT
    assert found["moments"] == {
        RANDOM: 5 + 2,  # two of them in journal mode
        moments.AFTER_COMMIT: 1,
        moments.BEFORE_COMMIT: 6,
        moments.FRAME_CUT: 2,
        moments.FRAME_FORCED: 2,
        moments.REPLAY_BEFORE_COMMIT: 2,
        moments.REPLAY_AFTER_COMMIT: 2,
        ADOPTING: 2,
    }
    assert found["stored_unacknowledged"] <= found["in_flight"]
    assert found["stored"] == found["acknowledged"] + found["stored_unacknowledged"]
    assert found["acknowledged_from_journal"] > 100
    # Each is also counted once for drift, whichever way it came into the ledger.
    assert truth.uncounted() == {}
