"""KPIs per group of a segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from crispml_core.monitoring.intervals import Interval

MIN_GROUP = 20
MAX_GROUPS = 50


def segment_kpis(
    segments: Mapping[str, np.ndarray],
    evaluate: Callable[[np.ndarray], dict[str, Interval]],
    *,
    order: Mapping[str, Sequence[str]] | None = None,
    min_group: int = MIN_GROUP,
    max_groups: int = MAX_GROUPS,
) -> dict[str, dict[str, Any]]:
    """Return the KPIs of every group that is large enough to be shown.

    A group under `min_group` records is named, its size only bounded: so few records say nothing
    about the model and too much about the people.

    Parameters
    ----------
    segments : dict of str to ndarray of shape (n,)
        By segment, the group of each record as text.
    evaluate : callable
        Returns the KPIs of the rows at the given positions.
    order : dict of str to sequence of str, optional
        By segment, groups in the order to list them; others follow by name.
    min_group : int
        Fewest records of a group that is shown.
    max_groups : int
        Only so many groups of a segment are listed, the largest ones.

    Returns
    -------
    dict
        By segment ``{"groups": [...], "omitted": int}``. A group is ``{"group", "n", "kpis",
        "suppressed": False}``, or ``{"group", "n": "<20", "suppressed": True}``.
    """
    found: dict[str, dict[str, Any]] = {}
    for segment, members in segments.items():
        found_names, codes, counts = np.unique(
            members.astype(str), return_inverse=True, return_counts=True
        )
        names = [str(name) for name in found_names]
        largest = sorted(range(len(names)), key=lambda code: (-counts[code], names[code]))
        listed = list((order or {}).get(segment, ()))
        shown = sorted(
            largest[:max_groups],
            key=lambda code: (
                listed.index(names[code]) if names[code] in listed else len(listed),
                names[code],
            ),
        )
        groups = [
            {
                "group": names[code],
                "n": int(counts[code]),
                "kpis": evaluate(np.flatnonzero(codes == code)),
                "suppressed": False,
            }
            if counts[code] >= min_group
            else {"group": names[code], "n": f"<{min_group}", "suppressed": True}
            for code in shown
        ]
        found[segment] = {"groups": groups, "omitted": len(names) - len(shown)}
    return found
