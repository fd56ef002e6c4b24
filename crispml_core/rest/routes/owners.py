"""To which use case what both services have belongs."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request

from crispml_core.pipelines.lineage.owners import owner_of
from crispml_core.rest.access.owners import Owner
from crispml_core.rest.app import parts_of
from crispml_core.rest.runs import runs_of


def _run(request: Request) -> set[str]:
    return {runs_of(request).store.get(request.path_params["run_id"]).use_case}


def _score(request: Request) -> set[str]:
    ledger = parts_of(request).lineage().stores.ledger
    return {ledger.get(request.path_params["score_id"]).use_case}


def _node(request: Request) -> set[str]:
    path = request.path_params
    return {owner_of(parts_of(request).lineage().stores, path["kind"], path["node_id"])}


SHARED_OWNERS: Mapping[str, Owner] = {
    **dict.fromkeys(("get_run", "get_run_events", "cancel_run"), Owner("run", _run)),
    "get_dossier": Owner("score", _score),
    "get_lineage": Owner("node", _node),
}
"""By the name of the route."""
