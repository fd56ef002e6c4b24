"""Which use case a request is about: what somebody with a grant for one of them may ask for.

Most addresses name it, as a use case or as a model, which has the name of its use case. Lists may
name it in their query. What has an id of its own belongs to the use case that the store says; a
service tells how to find that out. Whatever is left is about all use cases, and needs a grant for
all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

LISTS = frozenset(
    {
        "list_datasets",
        "list_runs",
        "list_reports",
        "list_scores",
        "list_labels",
        "list_events",
        "list_evaluations",
        "list_alerts",
        "list_actions",
        "list_approval_requests",
        "list_bundles",
        "invocations",
    }
)
"""Routes whose query may name a use case or a model, and that then answer about that one only."""

FILTERED = frozenset(
    {
        "list_use_cases",
        "list_models",
        "repository_index",
        "new_api_key",
        "list_api_keys",
        "revoke_api_key",
    }
)
"""Routes that leave out what their caller may not see, by `visible_to`."""

WHOLE = frozenset({"get_subject", "erase_subject"})
"""Routes about what has an id and belongs to all use cases, like a person: as whatever is left."""


@dataclass(frozen=True, slots=True)
class Owner:
    """How the use case of a thing is found.

    Parameters
    ----------
    kind : str
        What it is called when there is none, or none that the caller may know of.
    find : callable
        Returns the names of the use cases that a request is about. May wait for a store, and
        raises `NotFound` when there is no such thing.
    """

    kind: str
    find: Callable[[Request], set[str]]


def named_use_case(route: str, request: Request) -> str | None:
    """Return the use case that the address or the query of a request names."""
    # A query counts only where the route heeds it: elsewhere it would be a claim of the caller.
    for names in (request.path_params, request.query_params if route in LISTS else {}):
        found = names.get("use_case") or names.get("model")
        if found is not None:
            return str(found)
    return None
