"""Service times of a service in production, read from its metrics at several moments.

Nothing is sent to it: its own traffic is what is measured. Metrics tell processor time, scores,
commits and how long these took, so each window between two readings gives what a score cost in
groups of its mean size. Where sizes differ enough, both parts of the cost follow; where they do
not, what was measured elsewhere is scaled to fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from crispml_core.capacity.measured import Figures
from crispml_core.capacity.service_times import Line, fit
from crispml_core.domain.errors import InvalidInput

# Sizes of groups that are less apart than this say nothing about what a group costs.
_APART = 2.0
# Below it, what a process does beside scoring is a part of its processor time that counts.
LEAST_RATE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the metrics of one process say at a moment.

    Parameters
    ----------
    at_s : float
        The moment, by a clock that only goes forward.
    """

    at_s: float
    cpu_s: float
    scores: float
    commits: float
    commit_s: float
    resident_bytes: float

    @classmethod
    def parse(cls, text: str, at_s: float) -> Reading:
        """Read the text that Prometheus reads.

        Raises
        ------
        InvalidInput
            If it is not that of a scoring service of this release.
        """
        cpu = _sum(text, "crispml_process_cpu_seconds_total")
        if cpu is None:
            raise InvalidInput("the metrics tell no processor time: is it a scoring service?")
        return cls(
            at_s=at_s,
            cpu_s=cpu,
            scores=_sum(text, "crispml_scores_total") or 0.0,
            commits=_sum(text, "crispml_commit_duration_seconds_count") or 0.0,
            commit_s=_sum(text, "crispml_commit_duration_seconds_sum") or 0.0,
            resident_bytes=_sum(text, "crispml_process_resident_bytes") or 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a service does, and its figures.

    Parameters
    ----------
    rate, group_size, cpu_us : float
        Scores per second, scores of a commit, and processor time of a score, over all windows.
    factor : float
        Processor time against what the figures from elsewhere say for groups of that size.
    is_fitted : bool
        Whether sizes differed enough to tell requests from groups; else `factor` scaled both.
    """

    rate: float
    group_size: float
    cpu_us: float
    factor: float
    is_fitted: bool
    figures: Figures


def calibrate(readings: Sequence[Reading], elsewhere: Figures) -> Calibration:
    """Return the figures of a service; what metrics do not tell is as it was measured elsewhere.

    Raises
    ------
    InvalidInput
        If too few scores came meanwhile, or another process answered.
    """
    first, last = readings[0], readings[-1]
    if any(after.cpu_s < before.cpu_s for before, after in pairwise(readings)):
        raise InvalidInput("several processes answered in turns: name the address of one of them")
    scores, commits = last.scores - first.scores, last.commits - first.commits
    rate = scores / (last.at_s - first.at_s)
    if rate < LEAST_RATE or commits <= 0:
        raise InvalidInput(
            f"fewer than {LEAST_RATE:g} scores a second came: measure while the service is used"
        )
    size, cpu_us = scores / commits, (last.cpu_s - first.cpu_s) / scores * 1e6
    factor = cpu_us / elsewhere.cpu_us.at(size)
    fitted = _fitted(readings)
    line = fitted or Line(
        each=elsewhere.request_cpu_us * factor, group=elsewhere.group_cpu_us * factor
    )
    is_known = last.resident_bytes > 0  # not 0, and not NaN: a system may not tell it
    waits = (last.commit_s - first.commit_s) / commits * 1e6 - line.group
    figures = replace(
        elsewhere,
        request_cpu_us=line.each,
        group_cpu_us=line.group,
        group_wait_us=max(0.0, waits),
        idle_mib=last.resident_bytes / 2**20 if is_known else elsewhere.idle_mib,
    )
    return Calibration(
        rate=rate,
        group_size=size,
        cpu_us=cpu_us,
        factor=factor,
        is_fitted=fitted is not None,
        figures=figures,
    )


def _fitted(readings: Sequence[Reading]) -> Line | None:
    sizes, costs = [], []
    for before, after in pairwise(readings):
        scores, commits = after.scores - before.scores, after.commits - before.commits
        if commits > 0 and scores >= LEAST_RATE * (after.at_s - before.at_s):
            sizes.append(scores / commits)
            costs.append((after.cpu_s - before.cpu_s) / scores * 1e6)
    if not sizes or max(sizes) < _APART * min(sizes):
        return None
    try:
        return fit(sizes, costs)
    except InvalidInput:  # something else took more time in the larger groups
        return None


def _sum(text: str, name: str) -> float | None:
    """Return the sum of a metric over its labels, None if there is none."""
    found = [
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith((f"{name}{{", f"{name} "))
    ]
    return sum(found) if found else None
