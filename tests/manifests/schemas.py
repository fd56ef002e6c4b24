"""Strict validation: against the schemas of Kubernetes, and of the resources of operators."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from tests.servers import missing

VARIABLE = "CRISPML_TEST_CRD_SCHEMAS"
# That of the cluster, or what is known of it.
KUBERNETES = "1.36"


def problems(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with an object; a field that nobody knows is wrong too."""
    return list(_problems(json.dumps(document, sort_keys=True)))


@cache
def _problems(text: str) -> tuple[str, ...]:
    document = json.loads(text)
    name = f"{document['kind']} {document['metadata']['name']}"
    group = document["apiVersion"].partition("/")[0]
    if "." in group and not group.endswith(".k8s.io"):
        found = jsonschema.Draft202012Validator(_of_operator(document)).iter_errors(document)
        return tuple(f"{name}: {error.json_path}: {error.message}" for error in found)
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return (f"{name}: {error}",)
    return ()


def _of_operator(document: dict[str, Any]) -> dict[str, Any]:
    folder = os.environ.get(VARIABLE) or missing(f"{VARIABLE} names no folder with schemas")
    group, _, version = document["apiVersion"].partition("/")
    key = (group, version, document["kind"])
    known = _published(Path(folder))
    assert key in known, f"{folder} has no schema of {key}"
    return known[key]


@cache
def _published(folder: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = {}
    for file in folder.rglob("*.yaml"):
        for definition in yaml.load_all(
            file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        ):
            if not definition or definition.get("kind") != "CustomResourceDefinition":
                continue
            spec = definition["spec"]
            for version in spec["versions"]:
                key = (spec["group"], version["name"], spec["names"]["kind"])
                found[key] = _closed(version["schema"]["openAPIV3Schema"])
    return found


def _closed(schema: dict[str, Any], at_root: bool = True) -> dict[str, Any]:
    """Return a schema that refuses fields that it does not name, as the API server does."""
    closed = {
        key: _closed(value, False)
        if key in ("items", "additionalProperties") and isinstance(value, dict)
        else value
        for key, value in schema.items()
    }
    if "properties" in schema:
        closed["properties"] = {
            name: value if at_root and name == "metadata" else _closed(value, False)
            for name, value in schema["properties"].items()
        }
        if "additionalProperties" not in schema and not schema.get(
            "x-kubernetes-preserve-unknown-fields"
        ):
            closed["additionalProperties"] = False
    if closed.pop("nullable", False) and "type" in closed:
        closed["type"] = [closed["type"], "null"]
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    return closed
