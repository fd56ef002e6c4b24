"""Exit codes and the one sentence of a failure."""

from __future__ import annotations

import httpx
import pytest

from crispml_core.client.http import ServiceConnection

REFUSED = {
    "detail": "row 1: age must be at least 18 (2 more)",
    "code": "invalid_records",
    "errors": [{"row": 1, "field": "age", "rule": "range", "message": "must be at least 18"}],
}


@pytest.mark.parametrize("extra", [(), ("--json",)])
def test_a_refused_request_is_one_sentence_and_exit_code_1(crispml_cli, services, extra):
    services.on(
        "POST", "/api/v1/use-cases/credit/new-data-score", httpx.Response(422, json=REFUSED)
    )

    result = crispml_cli("score", "credit", *extra, input='{"id": "1", "age": 3}')

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: row 1: age must be at least 18 (2 more)\n"


def test_a_service_that_is_away_is_named_with_the_command_that_starts_it(
    crispml_cli, services, monkeypatch
):
    monkeypatch.setattr(ServiceConnection, "_pause", lambda self, attempt: 0.0)
    services.on("GET", "/api/v1/models", httpx.ConnectError("refused"))

    result = crispml_cli("models")

    assert result.exit_code == 1
    assert "training service does not answer at http://127.0.0.1:8101" in result.stderr
    assert "crispml up" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_id_comes_with_the_command_that_lists_the_known_ones(crispml_cli, services):
    refused = {"detail": "no such run", "code": "run_not_found"}
    services.on("GET", "/api/v1/runs/r1", httpx.Response(404, json=refused))

    result = crispml_cli("runs", "r1")

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: no such run; `crispml runs` lists them\n",
    )


def test_a_failed_run_gives_its_reason(crispml_cli, services):
    error = {"code": "use_case_error", "message": "prepare lost 3 rows", "step": "DataPreparation"}
    services.on(
        "POST", "/api/v1/use-cases/credit/cycle", services.run(status="failed", error=error)
    )

    result = crispml_cli("cycle", "credit")

    assert (result.exit_code, result.stderr) == (1, "Error: DataPreparation: prepare lost 3 rows\n")


def test_an_accident_hides_its_traceback_unless_it_is_asked_for(crispml_cli, services):
    services.on("GET", "/api/v1/models", lambda request: ZeroDivisionError("secret value"))

    quiet, loud = crispml_cli("models"), crispml_cli("models", "--debug")

    assert quiet.exit_code == loud.exit_code == 1
    assert (
        quiet.stderr
        == "Error: unexpected ZeroDivisionError; run it again with --debug to see where\n"
    )
    assert isinstance(loud.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "args",
    [
        ("no-such-verb",),
        ("cycle",),
        ("cycle", "credit", "--folds", "3"),
        ("cycle", "credit", "--set", "C=1"),
        ("run", "new-data-score", "credit"),
        ("run", "data-preparation", "credit", "--param", "seed"),
        ("run", "data-preparation", "credit", "--file", "missing.csv"),
        ("score", "credit", "missing.csv"),
        ("score", "credit", "--version", "v", "--alias", "champion"),
        ("report", "credit", "--from", "yesterday"),
        ("report", "credit", "--from", "2026-02-01", "--to", "2026-01-01"),
        ("runs", "--follow"),
        ("runs", "--status", "sleeping"),
        ("datasets", "--stage", "cooked"),
        ("completion", "tcsh"),
    ],
)
def test_wrong_usage_ends_with_exit_code_2_and_sends_nothing(crispml_cli, services, args):
    result = crispml_cli(*args, input="")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage: crispml" in result.stderr
    assert services.requests == []
