"""Names from the data are text on every page, and every page says that nothing in it may run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import crispml_core.reporting
from crispml_core.reporting.pages import environment

MARKUP = "<script>x</script>"
POLICY = ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")
TEMPLATES = sorted((Path(crispml_core.reporting.__file__).parent / "templates").glob("*.j2"))


@pytest.fixture
def pages(scoring: Any) -> list[Any]:
    """Pages about a record, a truth and a group that are called like markup."""
    record = {"order_id": MARKUP, "amount": 10.5, "items": 2, "channel": "web", "note": MARKUP}
    client = scoring.client
    answer = client.post("/api/v1/use-cases/toy/new-data-score", json=record)
    score_id = answer.json()["scores"][0]["score_id"]
    label = {"record_key": MARKUP, "label": "yes", "source": MARKUP}
    assert client.post("/api/v1/use-cases/toy/new-data-label", json=[label]).status_code == 200
    report = client.post("/api/v1/use-cases/toy/new-data-report", json={}).json()["id"]
    return [
        client.get(f"/api/v1/scores/{score_id}/dossier?format=html"),
        client.get("/api/v1/use-cases/toy/drift", params={"format": "html", "segment": MARKUP}),
        client.get(f"/api/v1/reports/{report}?format=html"),
    ]


def test_every_page_is_text_that_may_run_nothing(pages: list[Any]) -> None:
    for page in pages:
        assert page.status_code == 200, page.text
        assert page.headers["Content-Type"].startswith("text/html")
        assert MARKUP not in page.text
        for rule in POLICY:
            assert rule in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "&lt;script&gt;x" in pages[0].text
    assert "&lt;script&gt;x" in pages[1].text


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_template_takes_what_comes_for_markup(file: Path) -> None:
    text = file.read_text()
    assert environment().autoescape is True
    for exception in ("| safe", "|safe", "autoescape", "Markup", "<script", "javascript:"):
        assert exception not in text
