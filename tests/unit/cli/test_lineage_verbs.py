"""lineage, lineage export, reproduce and models card."""

from __future__ import annotations

import json

import httpx
import pytest


def page(*items: dict) -> dict:
    return {"items": list(items), "next_cursor": None}


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_lineage_is_printed_as_trees(crispml_cli, services):
    def node(kind, name):
        return {"kind": kind, "id": name, "name": f"the {kind}"}

    def edge(kind, source, target):
        return {"type": kind, "source": source, "target": target}

    raw, prepared, other = ["dataset", "raw"], ["dataset", "p"], ["dataset", "q"]
    graph = {
        "start": ["version", "credit:v1"],
        "direction": "both",
        "depth": 10,
        "nodes": [
            node("version", "credit:v1"),
            *(node(*key) for key in (raw, prepared, other)),
            node("scores", "credit:v1:2026-01"),
        ],
        "edges": [
            edge("fitted", prepared, ["version", "credit:v1"]),
            edge("fitted", other, ["version", "credit:v1"]),
            edge("derived", raw, prepared),
            edge("derived", raw, other),
            edge("answered", ["version", "credit:v1"], ["scores", "credit:v1:2026-01"]),
        ],
        "truncated": True,
    }
    services.on("GET", "/api/v1/lineage/version/credit:v1", graph)
    shown = crispml_cli("lineage", "version", "credit:v1", "--depth", "4")
    assert shown.exit_code == 0, shown.stderr
    assert services.requests[-1].url.params["depth"] == "4"
    assert shown.stdout.splitlines()[:6] == [
        "made from:",
        "version credit:v1 (the version)",
        "├─ fitted: dataset p (the dataset)",
        "│  └─ derived: dataset raw (the dataset)",
        "└─ fitted: dataset q (the dataset)",
        "   └─ derived: dataset raw (the dataset)",
    ]
    assert "└─ answered: scores credit:v1:2026-01 (the scores)" in shown.stdout
    assert "raise --limit" in shown.stdout


@pytest.mark.parametrize(("level", "code"), [("identical", 0), ("different", 3)])
def test_a_version_is_made_again(crispml_cli, services, level, code):
    found = {
        "model": "credit",
        "version": "v1",
        "level": level,
        "files": {"model.skops": True},
        "answers": {"records": 9, "different": 0, "decisions": 0, "largest_deviation": 0.0},
        "differences": [{"what": "library numpy", "recorded": "1", "now": "2"}],
    }
    run = services.run(method="reproduce", result=found)
    services.on(
        "POST", "/api/v1/models/credit/versions/v1/reproduce", httpx.Response(202, json=run)
    )
    shown = crispml_cli("reproduce", "credit", "v1")
    assert shown.exit_code == code, shown.stderr
    assert ["made", "again", level] in words(shown.stdout)
    assert ["library", "numpy", "1", "2"] in words(shown.stdout)
    told = crispml_cli("reproduce", "credit", "v1", "--json")
    assert (told.exit_code, json.loads(told.stdout)) == (code, found)
    assert crispml_cli("reproduce", "credit", "v1", "--no-wait").stdout.strip() == "r1"


def test_a_card_is_shown_and_its_page_written(crispml_cli, services, tmp_path):
    auc = {"value": 0.8, "source": {"service": "training", "path": "/p", "pointer": "/auc"}}
    section = {
        "id": "performance",
        "title": "Performance",
        "annex_iv": "3",
        "facts": {"provider": None},
        "tables": {"kpis": {"columns": ["kpi", "value"], "rows": [["auc", auc]]}},
        "texts": [{"text": "Few records.", "number": None}],
    }
    found = {"model": "credit", "version": "v1", "sections": [section]}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["Accept"] == "text/html":
            return httpx.Response(200, text="<!doctype html>")
        return httpx.Response(200, json=found)

    services.on("GET", "/api/v1/models/credit/versions/v1/card", answer)
    shown = crispml_cli("models", "card", "credit", "v1", "--html", "card.html")
    assert shown.exit_code == 0, shown.stderr
    assert ["auc", "0.8"] in words(shown.stdout)
    assert ["provider", "not", "recorded"] in words(shown.stdout)
    assert "Few records." in shown.stdout
    assert (tmp_path / "card.html").read_text() == "<!doctype html>"
    assert json.loads(crispml_cli("models", "card", "credit", "v1", "--json").stdout) == found


def test_runs_are_exported_as_events_to_a_file_or_an_endpoint(crispml_cli, services, tmp_path):
    run = services.run(
        id="01930000-0000-7000-8000-abcdef000000",
        started_at="2026-01-02T00:00:00Z",
        finished_at="2026-01-02T00:01:00Z",
    )
    old = services.run(id="01920000-0000-7000-8000-abcdef000000")
    services.on("GET", "/api/v1/runs", page({**run, "created_at": "2026-01-02T00:00:00Z"}, old))
    services.on("POST", "/events", httpx.Response(201), httpx.Response(503))

    since = ("--since", "2026-01-02")
    done = crispml_cli("lineage", "export", "--to", "events.ndjson", *since)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == "2 events of 1 runs"
    lines = (tmp_path / "events.ndjson").read_text().splitlines()
    assert [json.loads(line)["eventType"] for line in lines] == ["START", "COMPLETE"]

    failed = crispml_cli("lineage", "export", "--to", "http://lineage.test/events", *since)
    assert failed.exit_code == 1
    assert "answered 503; 1 events were sent" in failed.stderr
    sent = [item for item in services.requests if item.method == "POST"]
    assert json.loads(sent[0].content) == json.loads(lines[0])
