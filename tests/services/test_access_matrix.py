"""Every route of both services is asked by everybody: each role, each scope, and nobody.

What is expected comes from `crispml_core.governance.access`. A route that the table of operations
does not know fails here, and so does one that answers without looking who asks.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from crispml_core.domain.access import Principal, Role, parse_grants
from crispml_core.domain.api_keys import new_key
from crispml_core.governance.access import may, use_cases_of
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.access.operations import OPERATIONS, Operation
from crispml_core.rest.access.owners import FILTERED, LISTS, WHOLE

# The names of FastAPI for what describes the product: the document, and what its pages load.
_DESCRIPTIONS = {"openapi", "custom_swagger_ui_html", "swagger_ui_redirect", "redoc_html"}
_GRANTS = ("{role}", "{role}:toy", "{role}:other", "{role}:toy:prod", "{role}:toy:dev")
_IDS = {"use_case": "toy", "model": "toy", "alias": "champion", "kind": "run", "method": "x"}


def routes_of(app: Any) -> list[APIRoute]:
    return [route for route in _flat(app.routes) if isinstance(route, GuardedRoute)]


def _flat(routes: list[BaseRoute]) -> list[BaseRoute]:
    found: list[BaseRoute] = []
    for route in routes:
        # FastAPI keeps a router that was included as it was.
        included = getattr(route, "original_router", None)
        found += [route] if included is None else _flat(included.routes)
    return found


def test_every_route_looks_who_asks_and_is_in_the_table(guarded: Any) -> None:
    for route in _flat(guarded.app.routes):
        if isinstance(route, GuardedRoute):
            assert route.name in OPERATIONS, route.path
        elif isinstance(route, Route):
            assert route.name in _DESCRIPTIONS, route.path
        else:
            assert isinstance(route, Mount), route
            assert route.path == "/static-offline-docs"
    described = guarded.app.openapi()["paths"].values()
    known = {operation["operationId"] for found in described for operation in found.values()}
    assert known <= {route.name for route in routes_of(guarded.app)}


def test_the_table_names_no_route_twice_and_its_parts_agree(guarded: Any) -> None:
    assert set(OPERATIONS) >= LISTS
    assert set(OPERATIONS) >= FILTERED
    assert set(guarded.app.state.owners) <= set(OPERATIONS)
    names = {route.name for route in routes_of(guarded.app)}
    assert set(guarded.app.state.owners) <= names
    # What has an id of its own and names no use case says whose it is, or is for all use cases.
    for route in routes_of(guarded.app):
        ids = set(re.findall(r"{(\w+)", route.path))
        if ids and not ids & {"use_case", "model"}:
            assert route.name in {*guarded.app.state.owners, *FILTERED, *WHOLE}, route.path


def is_admitted(operation: Operation, name: str, path: str, owners: Any, who: Principal) -> bool:
    if operation.permission is None:
        return True
    if "{use_case}" in path or "{model}" in path:
        return may(who, operation.permission, "toy", "dev")
    if name in FILTERED or name in owners:
        return use_cases_of(who, operation.permission, "dev") != frozenset()
    return may(who, operation.permission, None, "dev")


def ask(service: Any, route: APIRoute, headers: dict[str, str], query: str = "") -> int:
    path = re.sub(r"{(\w+)[^}]*}", lambda found: _IDS.get(found[1], "x"), route.path)
    (method,) = route.methods
    # A body of this kind is read by no route, so nothing is changed by whoever may ask.
    content = {} if method in ("GET", "DELETE") else {"content": b"x"}
    answer = service.client.request(
        method, path + query, headers={"Content-Type": "text/plain", **headers}, **content
    )
    assert answer.status_code < 500 or answer.status_code == 503, (path, answer.text)
    status: int = answer.status_code
    return status


@pytest.mark.parametrize("role", Role)
def test_every_role_may_do_what_the_table_says_and_nothing_else(guarded: Any, role: Role) -> None:
    owners = guarded.app.state.owners
    for pattern in _GRANTS:
        grant = pattern.format(role=role.value)
        headers, who = guarded.key_for(grant), Principal("key:x", parse_grants([grant]))
        for route in routes_of(guarded.app):
            operation = OPERATIONS[route.name]
            status = ask(guarded, route, headers)
            expected = is_admitted(operation, route.name, route.path, owners, who)
            assert (status not in (401, 403)) == expected, (grant, route.name, status)
            if route.name in LISTS and operation.permission is not None:
                for use_case in ("toy", "other"):
                    if "model" in str(route.dependant.query_params):
                        continue
                    status = ask(guarded, route, headers, f"?use_case={use_case}")
                    expected = may(who, operation.permission, use_case, "dev")
                    assert (status not in (401, 403)) == expected, (grant, route.name, use_case)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer garbage"},
        {"Authorization": f"Bearer {new_key()[1]}"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": ""},
        {"X-API-Key": "garbage"},
        {"X-API-Key": new_key()[1]},
    ],
    ids=["nothing", "garbage", "unknown key", "basic", "empty", "x garbage", "x unknown key"],
)
def test_nobody_may_do_anything_but_probe(guarded: Any, headers: dict[str, str]) -> None:
    for route in routes_of(guarded.app):
        operation = OPERATIONS[route.name]
        is_open = operation.permission is None and not operation.known
        status = ask(guarded, route, headers)
        assert (status == 401) == (not is_open), (route.name, status)
