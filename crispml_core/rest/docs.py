"""The OpenAPI document of a service, made pleasant to read."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from crispml_core.domain.fields import Field
from crispml_core.domain.use_case import UseCase
from crispml_core.rest.access.operations import OPERATIONS
from crispml_core.rest.errors import PROBLEM_JSON, ProblemDocument

_REF = "#/components/schemas/"
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {PROBLEM_JSON: {"schema": {"$ref": f"{_REF}ProblemDocument"}}},
    }
    for status, description in {
        "4XX": "The request is refused; nothing was stored.",
        "5XX": "The service failed, or cannot serve now.",
    }.items()
}
"""The `responses` of every route below the API path."""


def install_openapi(app: FastAPI) -> None:
    """Let `app` describe itself, with examples out of the use cases it has loaded."""

    def openapi() -> dict[str, Any]:
        parts = getattr(app.state, "parts", None)
        if app.openapi_schema is None:
            document = _document(app)
            if parts is None:
                return document
            _add_examples(document, parts.use_cases.values())
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def body(schemas: dict[str, dict[str, Any]], description: str) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads a body of one of several content types."""
    content = {media: {"schema": schema} for media, schema in schemas.items()}
    return {"requestBody": {"required": True, "description": description, "content": content}}


def example_record(use_case: UseCase) -> dict[str, Any]:
    """Return a made-up record that keeps the record schema of `use_case`."""
    return {field.name: _example_value(field) for field in use_case.fields}


def _example_value(field: Field) -> Any:
    match field.type:
        case "category":
            return field.values[0]
        case "integer" | "number":
            low = field.minimum if field.minimum is not None else 0.0
            value = low if field.maximum is None else min(max(low, 0.0) + 1, field.maximum)
            return round(value) if field.type == "integer" else float(value)
        case "boolean":
            return True
        case "date":
            return "2026-01-31"
        case "datetime":
            return datetime(2026, 1, 31, 12, tzinfo=UTC).isoformat()
        case _:
            return "text"[: field.max_length]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = TypeAdapter(ProblemDocument).json_schema(ref_template=_REF + "{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemDocument"] = problem
    for schema in schemas.values():
        # A numpydoc docstring goes on with its parameters, which the properties show already.
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"]).split("\n\n")[0]
    _add_access(document)
    schemas_in_order = dict(sorted(schemas.items()))
    document["components"]["schemas"] = schemas_in_order
    return document


_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token of the OpenID provider.",
    },
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key, for clients that cannot send a bearer.",
    },
}
_REFUSALS = {
    "401": ("Unauthenticated", "There is no credential, or nobody is known by it."),
    "403": ("Forbidden", "Whoever asks may not do this."),
}


def _add_access(document: dict[str, Any]) -> None:
    """Say of each operation how callers are known, and what it asks of them."""
    document["components"]["securitySchemes"] = _SCHEMES
    document["components"]["responses"] = {
        name: {**PROBLEMS["4XX"], "description": description}
        for name, description in _REFUSALS.values()
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            asked = OPERATIONS.get(operation["operationId"])
            if asked is None or (asked.permission is None and not asked.known):
                operation["security"] = []
                continue
            operation["security"] = [{name: []} for name in _SCHEMES]
            if asked.permission is not None:
                operation["x-crispml-permission"] = asked.permission.value
            for status, (name, _) in _REFUSALS.items():
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _add_examples(document: dict[str, Any], use_cases: Iterable[UseCase]) -> None:
    records = {use_case.name: example_record(use_case) for use_case in use_cases}
    if not records:
        return
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "use_case":
                    parameter["examples"] = {name: {"value": name} for name in records}
            if path.endswith("/new-data-score"):
                operation["requestBody"]["content"]["application/json"]["examples"] = {
                    name: {"summary": f"one record of {name}", "value": record}
                    for name, record in records.items()
                }
