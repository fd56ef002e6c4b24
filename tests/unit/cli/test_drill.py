"""A drill takes the champion out of service, looks, and brings it back in any case."""

from __future__ import annotations

import json

import httpx
import pytest

HEALTH = "/api/v1/models/credit/versions/v2/health"
OK = {"status": "ready", "checks": {"champion credit": "ok"}}
FALLEN = {"status": "ready", "checks": {"champion credit": "waiting: the fallback v1 serves"}}


@pytest.fixture
def prod(services):
    """Services whose champion v2 needs two good verdicts to come back."""

    def answer(request):
        healthy = json.loads(request.content)["healthy"]
        verdicts.append(healthy)
        fit = verdicts[-2:] == [True, True]
        return httpx.Response(
            201,
            json={
                **{"model": "credit", "version": "v2", "sequence": len(verdicts), "streak": 1},
                **{"healthy": healthy, "fit": fit, "reason": "r"},
                "judged_at": "2026-01-01T00:00:00Z",
            },
        )

    verdicts = services.verdicts = []
    services.on("POST", HEALTH, answer)
    services.events = {
        alias: {"model": "credit", "alias": alias, "version": version, "sequence": number}
        | {"moved_at": "2026-01-01T00:00:00Z"}
        for number, (alias, version) in enumerate({"champion": "v2", "fallback": "v1"}.items())
    }
    services.on(
        "GET", "/api/v1/models/credit/aliases", lambda request: page(services.events.values())
    )
    return services


def page(items):
    return httpx.Response(200, json={"items": list(items), "next_cursor": None})


def test_a_drill_says_how_long_the_fallback_and_the_return_took(crispml_cli, prod):
    prod.on("GET", "/readyz", OK, OK, FALLEN, FALLEN, OK)

    result = crispml_cli("models", "drill", "credit", "--yes", "--by", "ann", "--json")

    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert (said["champion"], said["fallback"]) == ("v2", "v1")
    assert 0 <= said["fallback_s"] < 2
    assert 0 <= said["champion_s"] < 2
    assert prod.verdicts == [False, True, True]
    assert prod.body("/health")["judged_by"] == "ann"


def test_a_drill_that_nobody_follows_fails_and_the_champion_is_fit_again(crispml_cli, prod):
    prod.on("GET", "/readyz", OK)

    result = crispml_cli("models", "drill", "credit", "--yes", "--within", "0.2")

    assert result.exit_code == 1
    assert "scoring did not fall back within 0.2 s" in result.stderr
    assert prod.verdicts == [False, True, True]


def test_scoring_that_breaks_during_a_drill_gets_its_champion_back(crispml_cli, prod):
    prod.on("GET", "/readyz", OK, httpx.Response(503, json={"detail": "away"}))

    assert crispml_cli("models", "drill", "credit", "--yes").exit_code == 1
    assert prod.verdicts == [False, True, True]


@pytest.mark.parametrize("alias", ["champion", "fallback"])
def test_without_a_champion_or_a_fallback_nothing_is_judged(crispml_cli, prod, alias):
    del prod.events[alias]

    result = crispml_cli("models", "drill", "credit", "--yes")

    assert "needs a champion and a fallback" in result.stderr
    assert prod.verdicts == []


def test_a_champion_that_does_not_serve_is_not_drilled(crispml_cli, prod):
    prod.on("GET", "/readyz", FALLEN)

    assert "nothing to drill" in crispml_cli("models", "drill", "credit", "--yes").stderr
    assert prod.verdicts == []


def test_a_drill_asks_first(crispml_cli, prod):
    assert crispml_cli("models", "drill", "credit", input="n\n").exit_code == 1
    assert prod.verdicts == []
