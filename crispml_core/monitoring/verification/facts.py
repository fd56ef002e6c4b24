"""What was asked, of what, and under which declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from crispml_core.domain.reports import ReportQuestion
from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.intervals import LEVEL
from crispml_core.tables.joined import Joined, text_of

SCHEMA_VERSION = 2


def facts(use_case: UseCase, asked: ReportQuestion, libraries: Mapping[str, str]) -> dict[str, Any]:
    """Return what stands at the head of the report.

    ``policy`` is what the use case declares today and the numbers depend on: a report that is made
    again under another policy, or with other libraries (``made_with``), says so.
    """
    target = use_case.target
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "verification",
        "use_case": use_case.name,
        "use_case_version": use_case.version,
        "task": target.task,
        "target": target.name,
        "positive": target.positive,
        "version": asked.version,
        "window": msgspec.to_builtins(
            {"start": asked.start, "end": asked.end, "as_of": asked.as_of}
        ),
        "confidence_level": LEVEL,
        "made_with": dict(sorted(libraries.items())),
        "policy": _policy(use_case),
    }


def span(scores: Joined) -> dict[str, Any]:
    """Return when the first and the last of the scores were made; None without scores."""
    first, last = (
        (text_of(scores.scored_at.min()), text_of(scores.scored_at.max()))
        if len(scores)
        else (None, None)
    )
    return {"first_scored_at": first, "last_scored_at": last}


def counts(scores: Joined) -> dict[str, int]:
    """Return how many scores there are, how many have a label, and how many of those no use."""
    labelled, usable = (int(np.count_nonzero(part)) for part in (scores.labelled, scores.usable))
    return {"scored": len(scores), "labelled": labelled, "unusable": labelled - usable}


def _policy(use_case: UseCase) -> dict[str, Any]:
    declared = {
        "use_case_digest": use_case.digest,
        "classes": use_case.target.classes,
        "costs": use_case.cost_matrix,
        "gates": use_case.gates,
        "segments": use_case.segments,
        "monitoring": use_case.monitoring,
    }
    # By way of JSON, so that it is what will be read back.
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(declared))
    return found
