"""``crispml drift`` says what drifted."""

from __future__ import annotations

import json

PATH = "/api/v1/use-cases/credit/drift"
ALERT = {
    "field": "age",
    "role": "input",
    "statistic": "psi",
    "value": 0.31,
    "threshold": 0.1,
    "adjusted_p": 0.001,
    "moved": [{"value": "> 42", "reference": 0.05, "current": 0.2, "psi": 0.2}],
}
REPORT = {
    "version": "v7",
    "segment": None,
    "window": {"from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00"},
    "rows": 812,
    "reason": None,
    "detected_at": "2026-01-17T00:00:00+00:00",
    "alerts": [ALERT],
}


def test_alerts_are_listed_with_what_moved(crispml_cli, services):
    services.on("GET", PATH, REPORT)

    result = crispml_cli("drift", "credit", "--from", "2026-01-01", "--to", "2026-02-01")

    assert result.exit_code == 0, result.output
    assert "age" in result.output
    assert "> 42: 5.0% to 20.0%" in result.output
    assert "2026-01-17" in result.output
    asked = services.requests[-1].url.params
    assert asked["from"].startswith("2026-01-01")
    assert asked["window"] == "day"
    assert "version" not in asked


def test_nothing_drifted(crispml_cli, services):
    services.on("GET", PATH, REPORT | {"alerts": [], "detected_at": None})
    result = crispml_cli("drift", "credit", "--segment", "sex=f", "--window", "week")
    assert "no alerts" in result.output
    assert services.requests[-1].url.params["segment"] == "sex=f"


def test_json_is_the_report(crispml_cli, services):
    services.on("GET", PATH, REPORT)
    assert json.loads(crispml_cli("drift", "credit", "--json").stdout) == REPORT


def test_a_period_that_ends_before_it_starts_is_not_asked_for(crispml_cli, services):
    result = crispml_cli("drift", "credit", "--from", "2026-02-01", "--to", "2026-01-01")
    assert result.exit_code == 2
    assert services.requests == []
