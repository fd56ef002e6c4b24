"""Whether the intervals and label sets that versions answer with hold the truth as promised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.conformal import conformal_coverage
from crispml_core.tables.joined import Joined

_OUTSIDE = (
    "the coverage left its band: these scores are not like the records that the version was "
    "calibrated on, or labels came for some kinds of scores only"
)


def interval_coverage(
    use_case: UseCase, scores: Joined, tables: Mapping[str, ConformalTable]
) -> list[dict[str, Any]]:
    """Return the coverage of each version over its usable labels, by level, with its band.

    An interval follows from the stored prediction and the table of the version, so each score has
    one at every level, whether it was asked for or not.

    Parameters
    ----------
    tables : mapping of str to ConformalTable
        By version; versions without one are left out, and so are those with fewer usable labels
        than a group needs.
    """
    task, found = use_case.target.task, []
    for code, version in enumerate(scores.versions.names):
        verified = scores.verified(scores.versions.rows(code))
        few = len(verified.y) < use_case.monitoring.min_group
        if version not in tables or verified.prediction is None or few:
            continue
        answers = verified.prediction
        if task == "binary":
            answers = np.column_stack((1 - answers, answers))
        part = conformal_coverage(tables[version], task, verified.y, answers)
        found.append({"version": version} | part | {"note": "" if part["inside"] else _OUTSIDE})
    return found
