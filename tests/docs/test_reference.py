"""Every route, metric and verb is in the README or a page of docs, and nothing else is."""

import json
import re
from pathlib import Path

import pytest

from crispml_core.cli.root import crispml
from scripts.dashboards.registered import registered

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(
    page.read_text() for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
)
METRICS = (ROOT / "docs" / "metrics.md").read_text()
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


def test_the_table_of_metrics_is_what_the_services_register():
    rows = re.findall(
        r"^\| `(crispml_\w+)` \| (\w+) \|(?: `([^`]+)`)? \| (?:training|scoring|both) \| \S",
        METRICS,
        re.MULTILINE,
    )
    listed = {name: (kind, set(labels.split(", ")) - {""}) for name, kind, labels in rows}
    assert len(listed) == len(rows)
    known = {name: (found.kind, set(found.labels)) for name, found in registered().items()}
    assert listed == known


def test_every_metric_that_the_page_of_metrics_names_exists():
    named = set(re.findall(r"(?<![:\w])crispml_\w+(?![:\w])", METRICS))
    assert named <= set(registered())


def test_every_verb_is_listed():
    listed = set(re.findall(r"`crispml ([a-z-]+)`", PAGES))
    assert set(crispml.commands) <= listed
