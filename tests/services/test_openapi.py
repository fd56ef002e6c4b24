"""The OpenAPI documents; ``make openapi`` writes the snapshots."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from crispml_core.domain.runs import CYCLE, DRY_RUN, METHODS, MONITOR
from crispml_core.rest.server import print_openapi
from crispml_core.settings import CrispMLSettings
from crispml_scoring.app import create_app as create_scoring
from crispml_training.app import create_app as create_training

SNAPSHOTS = Path(__file__).parents[2] / "docs" / "openapi"
APPS: dict[str, Callable[..., FastAPI]] = {"training": create_training, "scoring": create_scoring}


def printed(name: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as written:
        print_openapi(APPS[name](None, CrispMLSettings()))
    return written.getvalue()


@pytest.mark.parametrize("name", APPS)
def test_the_snapshot_is_what_the_service_says(name: str) -> None:
    snapshot = (SNAPSHOTS / f"{name}.json").read_text(encoding="utf-8")
    assert json.loads(snapshot) == json.loads(printed(name)), "run: make openapi"


@pytest.mark.parametrize("name", APPS)
def test_every_operation_is_described_and_names_its_problems(name: str) -> None:
    document = json.loads(printed(name))
    known = {tag["name"] for tag in document["tags"]}
    used = set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            assert set(operation["tags"]) <= known
            used |= set(operation["tags"])
            if path.startswith("/api/"):
                problem = operation["responses"]["4XX"]["content"]["application/problem+json"]
                assert problem["schema"] == {"$ref": "#/components/schemas/ProblemDocument"}
    assert used == known


@pytest.mark.parametrize("name", APPS)
def test_every_reference_leads_somewhere(name: str) -> None:
    document = json.loads(printed(name))
    schemas = document["components"]["schemas"]
    references = set(_references(document))
    assert references
    known = {f"#/components/schemas/{schema}" for schema in schemas}
    known |= {f"#/components/responses/{name}" for name in document["components"]["responses"]}
    assert references <= known
    assert not any("Parameters\n" in schema.get("description", "") for schema in schemas.values())


def test_the_nine_methods_are_there() -> None:
    documents = [json.loads(printed(name))["paths"] for name in APPS]
    paths = [path for paths in documents for path, verbs in paths.items() if "post" in verbs]
    methods = [path.rpartition("/")[2] for path in paths if "{use_case}/" in path]
    assert sorted(methods) == sorted([*METHODS, CYCLE, MONITOR, DRY_RUN, "replays"])


def test_a_running_service_shows_examples_of_its_use_cases(scoring: Any, training: Any) -> None:
    document = scoring.client.get("/openapi.json").json()
    operation = document["paths"]["/api/v1/use-cases/{use_case}/new-data-score"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    answer = scoring.client.post(
        "/api/v1/use-cases/toy/new-data-score", json=examples["toy"]["value"]
    )
    assert answer.status_code == 200
    parameters = training.client.get("/openapi.json").json()["paths"][
        "/api/v1/use-cases/{use_case}/cycle"
    ]["post"]["parameters"]
    assert parameters[0]["examples"] == {"toy": {"value": "toy"}}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [ref for child in value.values() for ref in _references(child)]
    if isinstance(value, list):
        return [ref for child in value for ref in _references(child)]
    return []
