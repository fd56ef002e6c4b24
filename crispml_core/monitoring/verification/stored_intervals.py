"""Whether the intervals and label sets that versions answer with hold the truth as promised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crispml_core.domain.conformal import ConformalRule, ConformalTable
from crispml_core.domain.targets import Task
from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.conformal import conformal_coverage, covered
from crispml_core.monitoring.promises import interval_counts, set_counts
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

    Returns
    -------
    list of dict
        By version what `conformal_coverage` returns; each level also has ``counted``: what
        `crispml_core.monitoring.promises` counts, with intervals.
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
        for level in part["levels"]:
            rule = tables[version].at(level["level"])
            level["counted"] = _counted(rule, task, verified.y, answers)
        found.append({"version": version} | part | {"note": "" if part["inside"] else _OUTSIDE})
    return found


def _counted(rule: ConformalRule, task: Task, y: np.ndarray, answers: np.ndarray) -> dict[str, Any]:
    if task == "regression":
        return interval_counts(y, answers - rule.bound, answers + rule.bound, rule.level)
    sizes = (answers >= rule.least_probability).sum(axis=1)
    return set_counts(covered(rule, task, y, answers), sizes)
