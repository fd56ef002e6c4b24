"""Which columns a table must have: the finding per missing, unknown or repeated one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from crispml_core.domain.errors import Problem, did_you_mean


def check_columns(
    found: Sequence[str],
    wanted: Sequence[str],
    *,
    optional: Collection[str] = (),
    target: str | None = None,
) -> Iterator[Problem]:
    """Yield a finding per missing, unknown or repeated column; names of the caller are not said.

    Parameters
    ----------
    found, wanted : sequence of str
        The names that are there, and those that must be.
    optional : collection of str
        Those of `wanted` that may be left out.
    target : str, optional
        Name of the target, which a table to score must not have.
    """
    counts = Counter(found)
    absent = [name for name in wanted if name not in counts]
    for name in wanted:
        if counts[name] > 1:
            yield Problem("duplicate_column", f"column {name} is there {counts[name]} times", name)
    for position, name in enumerate(found, start=1):
        if name in wanted:
            continue
        if name == target:
            message = f"column {name} is the target; records must be sent without it"
            yield Problem("target_in_request", message, name)
            continue
        hint = did_you_mean(name, absent or wanted)
        yield Problem(
            "unknown_column",
            f"column number {position} is not a field of the use case{hint}; "
            "rename it, remove it or declare it",
        )
    for name in absent:
        if name not in optional:
            yield Problem("missing_column", f"column {name} is missing", name)
