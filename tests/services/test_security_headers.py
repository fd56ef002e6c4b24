"""What every answer says to a browser, whoever gave it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from tests.services.listening import Wire, listening

SCORE = "/api/v1/use-cases/toy/new-data-score"
RECORD = {"order_id": "O-1", "amount": 10.5, "items": 2, "channel": "web"}
STRICT = "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    "path", ["/livez", "/metrics", "/openapi.json", "/api/v1/use-cases", "/nowhere", "/api/v1/x"]
)
def test_an_answer_is_not_sniffed_kept_or_framed(service: Any, path: str) -> None:
    headers = service.client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == STRICT
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in headers


def test_an_answer_to_an_unforeseen_error_has_them_too(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.parts.models, "models", lambda *_: 1 / 0)
    answer = service.client.get("/api/v1/models")
    assert answer.status_code == 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_answer_at_the_socket_is_not_sniffed_or_kept(scoring: Any) -> None:
    for record, status in ((RECORD, 200), ({**RECORD, "amount": -1}, 422)):
        body = json.dumps(record).encode()
        head = (
            f"POST {SCORE} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        with (
            listening(scoring.app, scoring.parts.settings) as port,
            Wire(port) as wire,
        ):
            found, fields, _ = wire.send(head.encode() + body).answer()
            assert found == status
            assert fields["x-content-type-options"] == "nosniff"
            assert fields["cache-control"] == "no-store"


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/docs/oauth2-redirect"])
def test_a_page_of_the_api_runs_its_own_scripts_and_no_others(service: Any, page: str) -> None:
    answer = service.client.get(page)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    assert "http" not in policy
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert len(inline) == len(re.findall(r"<script(?! src)", answer.text))
    for script in inline:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in rules["script-src"]
    assert not re.search(r"<[^>]+\son\w+=", answer.text), "a handler in an attribute would not run"


def test_no_other_page_is_served_without_a_policy_of_its_own(service: Any) -> None:
    pages = {
        route.path
        for route in service.app.routes
        if getattr(route, "path", "").startswith(("/docs", "/redoc"))
    }
    assert pages == {"/docs", "/docs/oauth2-redirect", "/redoc"}
