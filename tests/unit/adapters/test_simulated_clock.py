"""A file moves every moment and id of a process, and nothing else does."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.adapters.simulated_clock import SimulatedClock, move
from crispml_core.domain import identifiers
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import (
    is_clock_simulated,
    new_id,
    set_clock_ahead,
    utc_now,
)

MONTH = 30 * 24 * 3600


@pytest.fixture
def file(tmp_path, monkeypatch):
    # Ids never fall, so those of all later tests of this process would lie ahead, too.
    monkeypatch.setattr(identifiers, "_last_milliseconds", identifiers._last_milliseconds)
    yield tmp_path / "clock"
    set_clock_ahead(0)


def ahead():
    return utc_now() - datetime.now(UTC)


def wait_until(happened):
    end = time.monotonic() + 10
    while not happened() and time.monotonic() < end:
        time.sleep(0.005)
    assert happened()


def test_moments_and_ids_follow_the_file(file):
    early = new_id()
    clock = SimulatedClock(file)
    try:
        assert not is_clock_simulated()
        move(file, MONTH)
        wait_until(is_clock_simulated)
        assert abs(ahead() - timedelta(seconds=MONTH)) < timedelta(seconds=1)
        late = new_id()
        assert (late.int >> 80) - (early.int >> 80) >= MONTH * 1000
        move(file, 2 * MONTH)
        wait_until(lambda: ahead() > timedelta(seconds=1.5 * MONTH))
    finally:
        clock.close()


def test_what_is_half_written_is_read_again(file):
    file.write_text(f"{MONTH}")
    clock = SimulatedClock(file)
    try:
        assert is_clock_simulated()
        file.write_text("soon")
        file.write_text("7")
        wait_until(lambda: ahead() < timedelta(seconds=10))
    finally:
        clock.close()


def test_a_file_without_a_number_is_refused(file):
    file.write_text("tomorrow")
    with pytest.raises(InvalidInput, match="CRISPML_CLOCK__FILE"):
        SimulatedClock(file)
