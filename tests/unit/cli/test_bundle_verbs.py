"""Bundles on the command line."""

from __future__ import annotations

import json

import httpx
import pytest

BUNDLE = "/api/v1/models/credit/versions/v1/bundle"
OUTCOME = {
    "bundle": "b" * 64,
    "model": "credit",
    "version": "v1",
    "digest": "d" * 64,
    "environment": "qa",
    "published": True,
    "approvals": [
        {
            **{"model": "credit", "version": "v1", "digest": "d" * 64, "environment": "qa"},
            **{"alias": "champion", "sequence": 3, "moved_at": "2026-01-01T00:00:00Z"},
            **{"moved_by": "ann", "reason": "approved in meeting 12"},
        }
    ],
    "gates": [{"kpi": "auc", "bound": ">= 0.76", "value": 0.8, "passed": True}],
    "libraries": {"scikit-learn": {"bundle": "1.8", "here": "1.9"}},
    "fallback": "v0",
    "notes": ["the version did not become fallback: because"],
}


def test_a_bundle_is_written_when_it_is_whole(crispml_cli, services, tmp_path):
    answer = httpx.Response(200, content=b"bundle", headers={"ETag": f'"{"b" * 64}"'})
    services.on("GET", BUNDLE, answer)

    result = crispml_cli("models", "export", "credit", "v1", "-o", "credit.tar")

    assert result.exit_code == 0, result.stderr
    assert "b" * 64 in result.stdout
    assert (tmp_path / "credit.tar").read_bytes() == b"bundle"
    assert [path.name for path in tmp_path.iterdir()] == ["credit.tar"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503, json={"detail": "a file is damaged", "code": "registry_damaged"}),
        httpx.ReadError("the connection broke"),
    ],
)
def test_an_export_that_fails_leaves_the_file_as_it_was(crispml_cli, services, tmp_path, answer):
    (tmp_path / "credit.tar").write_bytes(b"before")
    services.on("GET", BUNDLE, answer)

    result = crispml_cli("models", "export", "credit", "v1", "-o", "credit.tar")

    assert result.exit_code == 1
    assert (tmp_path / "credit.tar").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["credit.tar"]


def test_an_import_shows_what_came_who_approved_it_and_what_differs(
    crispml_cli, services, tmp_path
):
    services.on("POST", "/api/v1/bundles", httpx.Response(201, json=OUTCOME))
    (tmp_path / "credit.tar").write_bytes(b"bundle")

    shown = crispml_cli("models", "import", "credit.tar", "--by", "bob")

    assert shown.exit_code == 0, shown.stderr
    for text in ("approved in meeting 12", "ann", "0.76", "here=1.9", "did not become fallback"):
        assert text in shown.stdout
    (sent,) = services.requests
    assert (sent.content, sent.headers["Content-Type"]) == (b"bundle", "application/x-tar")
    assert sent.url.params["imported_by"] == "bob"
    printed = crispml_cli("models", "import", "credit.tar", "--json").stdout
    assert json.loads(printed)["version"] == "v1"


def test_a_refused_bundle_ends_with_one_sentence(crispml_cli, services, tmp_path):
    problem = {"detail": "member 3: its path is not allowed", "code": "malformed_content"}
    services.on("POST", "/api/v1/bundles", httpx.Response(400, json=problem))
    (tmp_path / "credit.tar").write_bytes(b"bundle")

    result = crispml_cli("models", "import", "credit.tar")

    assert (result.exit_code, result.stderr) == (1, "Error: member 3: its path is not allowed\n")


@pytest.mark.parametrize(("option", "verb"), [((), "POST"), (("--show",), "GET")])
def test_a_version_is_signed_anew_or_its_key_is_shown(crispml_cli, services, option, verb):
    signed = {"model": "credit", "version": "v1", "digest": "d" * 64, "key_id": "f" * 64}
    path = "/api/v1/models/credit/versions/v1/signature"
    services.on(verb, path, httpx.Response(200, json=signed))

    result = crispml_cli("models", "sign", "credit", "v1", *option)

    assert result.exit_code == 0, result.stderr
    assert "f" * 64 in result.stdout
    assert json.loads(crispml_cli("models", "sign", "credit", "v1", *option, "--json").stdout) == (
        signed
    )
