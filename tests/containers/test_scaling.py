"""Containers of scoring come and go under the load of `make scaling`, in small."""

from __future__ import annotations

import pytest

from benchmarks.scaling.compose import Compose
from benchmarks.scaling.measuring import Measuring
from benchmarks.scaling.plan import Sizes, up_and_down
from loadtest.config import read_settings
from tests.containers.engine import NOTES, timed

pytestmark = pytest.mark.proof

SIZES = Sizes(hold_s=4.0, warm_up_s=2.0, most=2, connections=16)
RATE = 40


@pytest.fixture
def measuring(images, tmp_path):
    settings = read_settings(
        {}, scenarios=("open-inference",), processes=1, invalid_share=0.0, timeout_s=20.0
    )
    # More than in a full run, so that a container is ready sooner.
    with Compose(0.5) as compose:
        yield Measuring(compose, settings, tmp_path / "scaling"), compose


def test_no_request_fails_and_no_score_is_lost_while_scoring_is_scaled(measuring):
    """1 → 2 → 1 with PostgreSQL, a balancer and an open loop of Locust."""
    made, compose = measuring
    made.train()
    with timed("scaled 1 → 2 → 1 under a load that does not wait"):
        made.ask("constant", SIZES, RATE, up_and_down(SIZES))
    load = made.loads["constant"]
    assert load["failed"] == load["refused_valid"] == 0, load["notes"]
    assert load["acknowledged"] == load["in_ledger"] > 10 * RATE
    assert (load["missing"], load["different"], load["doubled"], load["told_twice"]) == (0,) * 4
    assert compose.unclean == 0
    replicas = [row["replicas"] for row in made.series["constant"].rows if row["replicas"]]
    assert (replicas[0], max(replicas), replicas[-1]) == (1, 2, 1)
    assert sum(row["answered"] for row in made.series["constant"].rows) > 10 * RATE
    for phase in load["phases"]:
        assert phase["busy_cores"]["scoring"] > 0
        NOTES.append(f"          {phase['phase']}: {phase['rate']}/s, p99 {phase['p99_ms']} ms")
