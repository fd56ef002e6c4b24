"""Every route, metric and verb is in the README or a page of docs, and nothing else is."""

import json
import re
from pathlib import Path

import pytest

from crispml_core.cli.root import crispml
from crispml_core.rest.metrics import HttpMetrics
from crispml_scoring.metrics import ScoringMetrics
from crispml_training.metrics import MonitorMetrics

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(
    page.read_text() for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
)
SERVICES = ("training", "scoring")


def routes(service):
    """Yield verb and path below ``/api/v1`` of every route of a service."""
    document = json.loads((ROOT / "docs" / "openapi" / f"{service}.json").read_text())
    for path, operations in document["paths"].items():
        for verb in operations:
            yield verb.upper(), path.removeprefix("/api/v1")


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_is_listed(service):
    for verb, path in routes(service):
        listed = f"`{path}`" in PAGES or f"`{verb} {path}`" in PAGES
        assert listed, f"{verb} {path}"


def test_every_listed_route_exists():
    listed = set(re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`]+)`", PAGES))
    assert listed <= {route for service in SERVICES for route in routes(service)}


def test_every_metric_is_listed():
    registry = HttpMetrics().registry
    ScoringMetrics(registry)
    MonitorMetrics(registry, lambda: None)
    families = list(registry.collect())
    assert families
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"`{name}`" in PAGES


def test_every_verb_is_listed():
    listed = set(re.findall(r"`crispml ([a-z-]+)`", PAGES))
    assert set(crispml.commands) <= listed
