"""What metrics say at several moments becomes service times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crispml_core.capacity.measured import read
from crispml_core.capacity.readings import Reading, calibrate
from crispml_core.domain.errors import InvalidInput

SHIPPED = read().on("postgresql").figures
START = Reading(
    at_s=0.0, cpu_s=5.0, scores=100.0, commits=50.0, commit_s=0.1, resident_bytes=2.0**27
)


def after(reading, *, scores, size, cpu_us, seconds=1.0):
    """Return the reading after so many scores in groups of a size."""
    return replace(
        reading,
        at_s=reading.at_s + seconds,
        cpu_s=reading.cpu_s + scores * cpu_us / 1e6,
        scores=reading.scores + scores,
        commits=reading.commits + scores / size,
        commit_s=reading.commit_s + scores / size * 2e-3,
    )


def test_groups_of_one_size_scale_what_was_measured_elsewhere():
    twice = 2 * SHIPPED.cpu_us.at(4)
    readings = [START, after(START, scores=500, size=4, cpu_us=twice)]
    found = calibrate(readings, SHIPPED)

    assert not found.is_fitted
    assert found.factor == pytest.approx(2)
    assert found.figures.request_cpu_us == pytest.approx(2 * SHIPPED.request_cpu_us)
    assert found.figures.group_cpu_us == pytest.approx(2 * SHIPPED.group_cpu_us)
    assert found.figures.request_bytes == SHIPPED.request_bytes


def test_groups_of_several_sizes_tell_requests_from_groups():
    small = after(START, scores=500, size=2, cpu_us=50 + 800 / 2)
    large = after(small, scores=5000, size=10, cpu_us=50 + 800 / 10)
    found = calibrate([START, small, large], SHIPPED)

    assert found.is_fitted
    assert found.figures.request_cpu_us == pytest.approx(50)
    assert found.figures.group_cpu_us == pytest.approx(800)
    assert found.figures.group_wait_us == pytest.approx(2000 - 800)


def test_costs_that_do_not_fall_with_groups_are_not_fitted():
    small = after(START, scores=500, size=2, cpu_us=100)
    large = after(small, scores=500, size=10, cpu_us=200)
    assert not calibrate([START, small, large], SHIPPED).is_fitted


@pytest.mark.parametrize("told", [0.0, float("nan")])
def test_memory_that_is_not_told_is_as_it_was_elsewhere(told):
    later = replace(after(START, scores=500, size=4, cpu_us=100), resident_bytes=told)
    assert calibrate([START, later], SHIPPED).figures.idle_mib == SHIPPED.idle_mib


def test_too_few_scores_or_several_processes_are_refused():
    few = after(START, scores=10, size=2, cpu_us=500)
    with pytest.raises(InvalidInput, match="fewer than 20"):
        calibrate([START, few], SHIPPED)
    with pytest.raises(InvalidInput, match="several processes"):
        calibrate([START, replace(few, cpu_s=1.0)], SHIPPED)


def test_a_text_without_processor_time_is_no_scoring_service():
    with pytest.raises(InvalidInput, match="scoring service"):
        Reading.parse("python_info 1\n", 0.0)
