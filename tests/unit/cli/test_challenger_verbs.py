"""Challengers: their share, how they stand, and replays."""

from __future__ import annotations

import json

EVENT = {
    "model": "credit",
    "alias": "champion",
    "version": "v1",
    "sequence": 1,
    "moved_at": "2026-01-01T00:00:00Z",
}


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


CHALLENGER = "/api/v1/models/credit/aliases/challenger"


def test_a_challenger_gets_its_share_and_is_removed(crispml_cli, services):
    event = EVENT | {"alias": "challenger", "traffic": 0.25}
    services.on("PUT", CHALLENGER, event)
    move = ("models", "alias", "credit", "challenger", "v1", "--traffic", "0.25")
    assert crispml_cli(*move).exit_code == 0
    assert json.loads(services.requests[-1].content)["traffic"] == 0.25

    services.on("GET", CHALLENGER, event)
    services.on("DELETE", CHALLENGER, event | {"version": ""})
    removed = crispml_cli("models", "alias", "credit", "challenger", "--remove", "--reason", "no")
    assert "points nowhere, before: v1" in removed.stdout
    sent = services.requests[-1]
    assert (sent.headers["If-Match"], sent.url.params["reason"]) == ('"v1"', "no")


def test_a_challenge_is_shown_with_its_decision(crispml_cli, services):
    status = {
        "metric": "cost",
        "design": "paired",
        "champion": {"version": "v1", "since": "2026-01-01T00:00:00Z", "mean_loss": 0.5},
        "challenger": {
            **{"version": "v2", "since": "2026-01-02T00:00:00Z"},
            **{"traffic": 0.1, "mean_loss": 0.25},
        },
        "records": {"compared": 300},
        "gain": {"mean": 0.25, "low": 0.1, "high": 0.4},
        "decision": "promote",
        "reason": "the challenger is better",
    }
    services.on("GET", "/api/v1/models/credit/challenge", status)

    result = crispml_cli("models", "challenge", "credit")
    assert result.exit_code == 0, (result.stderr, result.exception)
    shown = words(result.stdout)

    assert ["decision", "promote"] in shown
    assert ["compared", "300"] in shown
    as_of = ("--as-of", "2026-01-05T00:00:00Z", "--json")
    again = crispml_cli("models", "challenge", "credit", *as_of)
    assert json.loads(again.stdout)["gain"]["mean"] == 0.25
    assert services.requests[-1].url.params["as_of"].startswith("2026-01-05")


def test_a_replay_is_shown_by_segment(crispml_cli, services):
    numbers = {
        **{"rows": 300, "identical": 200, "flips": 7, "mean_delta": 0.01, "largest_delta": 0.3},
        "cost": {"labelled": 10, "before": 0.5, "after": 0.4, "change": -30.0},
    }
    made = {
        "id": "r1",
        "use_case": "credit",
        "created_at": "2026-01-01T00:00:00Z",
        "content": {
            "kind": "replay",
            "overall": numbers,
            "segments": {"sex": {"f": numbers, "m": {"rows": None}}},
        },
    }
    services.on("POST", "/api/v1/use-cases/credit/replays", made)

    result = crispml_cli("replay", "credit", "v2", "--from", "2026-01-01", "--of-version", "v1")

    assert result.exit_code == 0, result.stderr
    assert ["all", "300", "200", "7"] in [row[:4] for row in words(result.stdout)]
    sent = json.loads(services.requests[-1].content)
    assert (sent["version"], sent["of_version"]) == ("v2", "v1")
    assert sent["from"].startswith("2026-01-01")
    wrong = crispml_cli("replay", "credit", "v2", "--from", "2026-01-02", "--to", "2026-01-01")
    assert wrong.exit_code == 2
