"""What happened to the versions of a model after their release, on the command line."""

from __future__ import annotations

import json

import httpx

ALIAS = "/api/v1/models/credit/aliases/champion"
EVENT = {
    "model": "credit",
    "alias": "champion",
    "version": "v1",
    "sequence": 1,
    "moved_at": "2026-01-01T00:00:00Z",
}


def page(*items):
    return {"items": list(items), "next_cursor": None}


def test_the_history_says_which_version_when_by_whom_and_why(crispml_cli, services):
    old = {**EVENT, "version": "v0", "sequence": 1, "moved_by": "ann", "reason": "first one"}
    new = {**EVENT, "sequence": 3, "moved_by": "bob", "reason": "better", "digest": "ab" * 32}
    other = {**EVENT, "alias": "fallback", "version": "v0", "sequence": 2}
    services.on("GET", "/api/v1/models/credit/aliases", page(other, new))
    services.on("GET", f"{ALIAS}/history", page(new, old))
    services.on("GET", "/api/v1/models/credit/aliases/fallback/history", page(other))
    services.on("GET", ALIAS, old)

    everything = json.loads(crispml_cli("models", "history", "credit", "--json").stdout)
    assert [move["sequence"] for move in everything] == [3, 2, 1]
    shown = crispml_cli("models", "history", "credit", "champion").stdout
    assert "better" in shown
    assert "bob" in shown
    assert "abababababab" in shown
    at = crispml_cli("models", "history", "credit", "champion", "--at", "2026-01-01", "--json")
    assert [move["version"] for move in json.loads(at.stdout)] == ["v0"]
    assert services.requests[-1].url.params["at"] == "2026-01-01T00:00:00+00:00"
    assert crispml_cli("models", "history", "credit", "--at", "2026-01-01").exit_code == 2


def test_a_version_is_judged_and_its_verdicts_are_shown(crispml_cli, services):
    path = "/api/v1/models/credit/versions/v1/health"
    verdict = {
        **{"model": "credit", "version": "v1", "sequence": 1, "healthy": False, "streak": 1},
        **{"fit": False, "reason": "auc is 0.6", "judged_at": "2026-01-01T00:00:00Z"},
    }
    services.on("POST", path, httpx.Response(201, json=verdict))
    services.on("GET", path, page(verdict))

    judged = crispml_cli(
        *("models", "health", "credit", "v1", "--unhealthy"),
        *("--reason", "auc is 0.6", "--evidence", "r-1", "--by", "ann"),
    )

    assert "v1 of credit is unfit to answer (1 in a row)" in judged.stdout
    assert services.body("/health") == {
        **{"healthy": False, "reason": "auc is 0.6", "evidence": "r-1", "judged_by": "ann"}
    }
    assert services.requests[-1].headers["Idempotency-Key"]
    assert "auc is 0.6" in crispml_cli("models", "health", "credit", "v1").stdout
    assert crispml_cli("models", "health", "credit", "v1", "--unhealthy").exit_code == 2
