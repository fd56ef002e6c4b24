"""To which use case what has an id of its own belongs, in scoring."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request

from crispml_core.rest.access.owners import Owner
from crispml_scoring.parts import parts_of


def _score(request: Request) -> set[str]:
    return {parts_of(request).ledger.get(request.path_params["score_id"]).use_case}


def _report(request: Request) -> set[str]:
    return {parts_of(request).reports.get(request.path_params["report_id"]).use_case}


def _loaded(request: Request) -> set[str]:
    """Return what an invocation is about that names no use case: the only one, or all of them."""
    return set(parts_of(request).use_cases)


OWNERS: Mapping[str, Owner] = {
    "get_score": Owner("score", _score),
    "get_report": Owner("report", _report),
    "invocations": Owner("use case", _loaded),
}
"""By the name of the route."""
