"""KPIs per group of a segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from crispml_core.monitoring.intervals import Interval
from crispml_core.monitoring.suppression import suppressed
from crispml_core.tables.groupings import Grouping

MIN_GROUP = 30
MAX_GROUPS = 50


def segment_kpis(
    segments: Mapping[str, Grouping],
    evaluate: Callable[[np.ndarray], dict[str, Interval]],
    *,
    order: Mapping[str, Sequence[str]] | None = None,
    min_group: int = MIN_GROUP,
    max_groups: int = MAX_GROUPS,
) -> dict[str, dict[str, Any]]:
    """Return the KPIs of every group that is large enough to be shown.

    A group under `min_group` records is named, its size only bounded. If its numbers would follow
    from the total and the other groups, further groups are withheld with it, the smallest first;
    see `crispml_core.monitoring.suppression`.

    Parameters
    ----------
    segments : dict of str to Grouping
        By segment, the group of each record.
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
        By segment ``{"groups": [...], "omitted": int, "suppressed": int}``: the last two say how
        many groups are not listed, and how many have no numbers. A group is ``{"group", "n",
        "kpis", "suppressed": False}``, or ``{"group", "n": "<30", "suppressed": True}``; the
        ``n`` of a group that only hides another one is ``withheld``.
    """
    found: dict[str, dict[str, Any]] = {}
    for segment, members in segments.items():
        names, counts = members.names, members.counts
        occurring = np.flatnonzero(counts).tolist()
        largest = sorted(occurring, key=lambda code: (-counts[code], names[code]))
        listed = list((order or {}).get(segment, ()))
        shown = sorted(
            largest[:max_groups],
            key=lambda code: (
                listed.index(names[code]) if names[code] in listed else len(listed),
                names[code],
            ),
        )
        hidden = suppressed(counts, min_group)
        groups = [
            {
                "group": names[code],
                "n": f"<{min_group}" if counts[code] < min_group else "withheld",
                "suppressed": True,
            }
            if hidden[code]
            else {
                "group": names[code],
                "n": int(counts[code]),
                "kpis": evaluate(members.rows(code)),
                "suppressed": False,
            }
            for code in shown
        ]
        found[segment] = {
            "groups": groups,
            "omitted": len(occurring) - len(shown),
            "suppressed": int(hidden.sum()),
        }
    return found
