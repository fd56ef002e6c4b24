"""models, datasets, report and use-case list."""

from __future__ import annotations

import json

import httpx
import pytest

VERSION = {
    "model": "credit",
    "version": "v1",
    "created_at": "2026-01-01T00:00:00Z",
    "use_case": "credit",
    "use_case_version": "1",
    "use_case_digest": "d",
    "task": "binary",
    "algorithm": "lr",
    "hyperparameters": {"C": 1.0},
    "seed": 0,
    "classes": ["good", "bad"],
    "threshold": 0.4,
    "kpis": {"select": {"auc": 0.8}, "test": {"auc": 0.79}},
    "lineage": {
        **{"raw": "a", "prepared": "b", "curated": "c", "curation": "d"},
        **{"model": "e", "report": "f", "run": "g"},
    },
    "libraries": {},
    "trusted_types": [],
    "golden_rows": 50,
    "schema": {},
}
EVENT = {
    "model": "credit",
    "alias": "champion",
    "version": "v1",
    "sequence": 1,
    "moved_at": "2026-01-01T00:00:00Z",
}
ALIAS = "/api/v1/models/credit/aliases/champion"


def page(*items: dict) -> dict:
    return {"items": list(items), "next_cursor": None}


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_models_go_from_the_list_down_to_one_version(crispml_cli, services):
    services.on("GET", "/api/v1/models", page({"name": "credit", "aliases": {"champion": "v1"}}))
    services.on("GET", "/api/v1/models/credit/versions", page(VERSION))
    services.on("GET", "/api/v1/models/credit/aliases", page(EVENT))
    services.on("GET", "/api/v1/models/credit/versions/v1", VERSION)

    assert "champion=v1" in crispml_cli("models").stdout
    assert ["v1", "champion", "lr"] in [
        row[:3] for row in words(crispml_cli("models", "credit").stdout)
    ]
    one = words(crispml_cli("models", "credit", "v1").stdout)
    assert ["threshold", "0.4"] in one
    assert ["auc", "0.8", "0.79"] in one
    assert json.loads(crispml_cli("models", "credit", "v1", "--json").stdout)["version"] == "v1"


@pytest.mark.parametrize("before", ["v0", None])
def test_an_alias_moves_from_where_it_points_now(crispml_cli, services, before):
    if before:
        services.on("GET", ALIAS, {**EVENT, "version": before})
    services.on("PUT", ALIAS, EVENT)

    result = crispml_cli("models", "alias", "credit", "champion", "v1", "--reason", "better")

    assert result.exit_code == 0, result.stderr
    sent = services.requests[-1].headers
    assert (sent.get("If-Match"), sent.get("If-None-Match")) == (
        ('"v0"', None) if before else (None, "*")
    )
    assert f"points at v1, before: {before or 'nothing'}" in result.stdout


def test_the_history_of_an_alias_is_shown_without_a_version(crispml_cli, services):
    services.on("GET", f"{ALIAS}/history", page(EVENT))

    assert ["v1", "2026-01-01"] in [
        row[:2] for row in words(crispml_cli("models", "alias", "credit", "champion").stdout)
    ]


def test_a_data_set_is_shown_with_its_columns(crispml_cli, services):
    dataset = {
        "id": "d1",
        "use_case": "credit",
        "stage": "raw",
        "rows": 1000,
        "columns": [{"name": "age", "type": "int64", "digest": "x"}],
        "content_digest": "y",
        "created_at": "2026-01-01T00:00:00Z",
        "profile": {"age": {"missing": 3, "distinct": 50}},
    }
    services.on("GET", "/api/v1/datasets/d1", dataset)
    services.on("GET", "/api/v1/datasets", page(dataset))

    assert ["age", "int64", "3", "50"] in words(crispml_cli("datasets", "d1").stdout)
    listed = crispml_cli("datasets", "--stage", "raw", "--json")
    assert json.loads(listed.stdout)[0]["id"] == "d1"


def test_data_sets_are_searched_and_described(crispml_cli, services):
    entry = {
        "id": "d1",
        "use_case": "credit",
        "stage": "raw",
        "rows": 1000,
        "columns": [],
        "content_digest": "y",
        "created_at": "2026-01-01T00:00:00Z",
        "owner": "risk",
        "tags": ["q1"],
        "sensitivity": "confidential",
        "sequence": 2,
    }
    note = {
        "dataset_id": "d1",
        "sequence": 2,
        "noted_at": "2026-01-02T00:00:00Z",
        "changes": {"owner": "risk"},
        "noted_by": "ann",
    }
    services.on("GET", "/api/v1/datasets", page(entry))
    services.on("GET", "/api/v1/datasets/d1", entry)
    services.on("GET", "/api/v1/datasets/d1/notes", page(note))
    services.on("PATCH", "/api/v1/datasets/d1", entry)

    found = crispml_cli("datasets", "search", "loans", "2026", "--tag", "q1", "--owner", "risk")
    assert ["d1", "credit", "raw", "1000", "risk", "q1", "confidential"] in [
        row[:7] for row in words(found.stdout)
    ]
    asked = services.requests[-1].url.params
    assert (asked["q"], asked["tag"], asked["owner"]) == ("loans 2026", "q1", "risk")

    said = crispml_cli("datasets", "describe", "d1", "--tag", "q1", "--by", "ann")
    assert said.exit_code == 0, said.stderr
    (sent,) = [item for item in services.requests if item.method == "PATCH"]
    assert sent.headers["If-Match"] == '"2"'
    assert json.loads(sent.content) == {"tags": ["q1"], "reason": "", "noted_by": "ann"}
    assert "owner=risk" in said.stdout
    assert crispml_cli("datasets", "describe", "d1").exit_code == 2


def test_a_difference_is_explained(crispml_cli, services):
    found = {
        "before": "d1",
        "after": "d2",
        "identical": False,
        "rows_before": 10,
        "rows_after": 11,
        "columns": {"changed": ["age"], "retyped": [{"name": "x", "before": "a", "after": "b"}]},
        "rows": {
            "matched_by": "id",
            "added": 1,
            "changed": 2,
            "changed_by_column": {"age": 2},
            "sample": {"added": ["k9"]},
        },
        "moved": {"age": {"mean": [40.0, 41.5], "shares": [_part("x", 0.1, 0.2)]}},
        "notes": [],
    }
    services.on("GET", "/api/v1/datasets/d1/diff/d2", found)
    shown = crispml_cli("datasets", "diff", "d1", "d2", "--sample", "3")
    assert shown.exit_code == 0, shown.stderr
    assert services.requests[-1].url.params["sample"] == "3"
    lines = words(shown.stdout)
    for line in (
        ["rows", "10", "→", "11"],
        ["added", "keys", "k9"],
        ["age", "2"],
        ["x", "a", "b"],
        ["age", "mean", "40.0", "41.5"],
        ["age", "share", "of", "x", "0.1", "0.2"],
    ):
        assert line in lines, line


def _part(value: str, before: float, after: float) -> dict:
    return {"value": value, "before": before, "after": after}


def test_a_report_shows_kpis_with_intervals_and_writes_its_page(crispml_cli, services, tmp_path):
    content = {
        "scored": 200,
        "labelled": 150,
        "verdict": {"overall": "undecided", "basis": "weighted"},
        "kpis": {"auc": {"value": 0.79, "low": 0.7, "high": 0.86}, "threshold": 0.4},
    }
    made = {
        "id": "p",
        "use_case": "credit",
        "created_at": "2026-01-01T00:00:00Z",
        "content": content,
    }
    services.on("POST", "/api/v1/use-cases/credit/new-data-report", httpx.Response(201, json=made))
    services.on(
        "GET",
        "/api/v1/reports/p",
        lambda request: httpx.Response(
            200, text="a,b\r\n" if request.headers["Accept"] == "text/csv" else "<!doctype html>é"
        ),
    )

    result = crispml_cli(
        *("report", "credit", "--from", "2026-01-01", "--to", "2026-02-01T01:00:00+01:00"),
        *("--as-of", "2026-03-01", "--html", "page.html", "--csv", "table.csv"),
    )

    assert result.exit_code == 0, result.stderr
    assert services.body("new-data-report") == {
        "from": "2026-01-01T00:00:00+00:00",
        "to": "2026-02-01T00:00:00+00:00",
        "as_of": "2026-03-01T00:00:00+00:00",
    }
    assert ["auc", "0.79", "0.7", "0.86"] in words(result.stdout)
    assert ["labelled", "150"] in words(result.stdout)
    assert ["gates", "undecided"] in words(result.stdout)
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "<!doctype html>é"
    assert (tmp_path / "table.csv").read_bytes() == b"a,b\r\n"


@pytest.mark.parametrize("holds", [True, False])
def test_a_privacy_report_says_by_its_exit_code_whether_it_holds(crispml_cli, services, holds):
    part = {"smallest": 5, "largest": 9, "classes": 2, "rows": 12}
    one = {"column": "income", "distinct": 2, "entropy": 1.5, "recursive": 2, "closeness": 0.25}
    below = {"disclosed_rows": 0, "classes_below": 0, "rows_below": 0}
    found = {
        "dataset_id": "d1",
        "asked": {"quasi_identifiers": ["age", "sex"], "sensitive": ["income"], "k": 3},
        **{"rows": 12, "classes": 2, "k": 5, "risk": 1 / 6, "unique_rows": 0},
        **{"classes_below": 0, "rows_below": 0, "sizes": [part], "diversity": [one | below]},
        "holds": holds,
    }
    asked = []
    services.on(
        "GET",
        "/api/v1/datasets/d1/privacy-report",
        lambda request: asked.append(dict(request.url.params)) or httpx.Response(200, json=found),
    )

    result = crispml_cli("datasets", "privacy", "d1", "--by", "age", "--by", "sex", "-k", "3")

    assert result.exit_code == (0 if holds else 1), result.stderr
    assert asked == [{"quasi_identifiers": "age,sex", "k": "3"}]
    assert ["smallest", "class", "(k)", "5"] in words(result.stdout)
    assert ["5", "to", "9", "2", "12"] in words(result.stdout)
    assert ["income", "2", "1.50", "2", "0.25", "0", "0"] in words(result.stdout)


def test_loaded_use_cases_are_listed(crispml_cli, services):
    services.on("GET", "/api/v1/use-cases", page(json.loads(json.dumps(_use_case()))))

    assert ["credit", "1", "binary", "risk"] in [
        row[:4] for row in words(crispml_cli("use-case", "list").stdout)
    ]


def _use_case() -> dict:
    return {
        "name": "credit",
        "version": "1",
        "task": "binary",
        "target": {"name": "risk", "task": "binary", "values": ["good", "bad"], "positive": "bad"},
        "record_key": "id",
        "fields": [{"name": "id", "type": "string"}],
    }
