"""The lineage graph over REST, from both services."""

from __future__ import annotations

from typing import Any

import pytest

VERSION = "20260101-000000-abcdef01"


def test_both_services_draw_the_graph_of_a_version(service: Any, scoring: Any) -> None:
    manifest = scoring.parts.models.get("toy", VERSION)
    if service is not scoring:
        service.parts.models.publish(manifest, {})
    path = f"/api/v1/lineage/version/toy:{VERSION}"
    graph = service.client.get(path, params={"direction": "up"}).json()
    assert graph["start"] == ["version", f"toy:{VERSION}"]
    # Its data are named in the manifest, and are not in this registry.
    assert {node["id"]: node["facts"].get("gone") for node in graph["nodes"][1:]} == {
        "c": True,
        "r": True,
    }
    assert {edge["type"] for edge in graph["edges"]} == {"fitted"}


def test_scores_are_counted_by_month(scoring: Any) -> None:
    record = {"order_id": "O-1", "amount": 10.0, "items": 1, "channel": "web", "note": None}
    body = {"records": [record, {**record, "order_id": "O-2"}]}
    scoring.client.post("/api/v1/use-cases/toy/new-data-score", json=body)
    graph = scoring.client.get(f"/api/v1/lineage/version/toy:{VERSION}?direction=down").json()
    (scores,) = [node for node in graph["nodes"] if node["kind"] == "scores"]
    assert scores["facts"]["scores"] == 2
    assert "O-1" not in str(graph)
    again = scoring.client.get(f"/api/v1/lineage/scores/{scores['id']}?depth=1").json()
    assert {node["kind"] for node in again["nodes"]} == {"scores", "version", "alias"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("dataset/CANARY", 404),
        ("version/toy:CANARY", 404),
        ("version/CANARY", 404),
        ("score/CANARY", 404),
        ("CANARY/x", 422),
        ("dataset/x?direction=CANARY", 422),
        ("dataset/x?depth=0", 422),
        ("dataset/x?limit=100000", 422),
        ("dataset/x?CANARY=1", 422),
    ],
)
def test_what_leads_nowhere_is_refused(service: Any, path: str, status: int) -> None:
    answer = service.client.get(f"/api/v1/lineage/{path}")
    assert answer.status_code == status
    assert "CANARY" not in answer.text
