from __future__ import annotations

import json

import pytest

CYCLE = "/api/v1/use-cases/credit/cycle"
RESULT = {
    "dataset_id": "raw",
    "prepared_id": "prepared",
    "versions": [
        {
            "version": "v1",
            "algorithm": "lr",
            "kpis": {"select": {"auc": 0.8}, "test": {"auc": 0.79}},
            "gates": [{"kpi": "auc", "bound": 0.7, "value": 0.79, "passed": True}],
        },
        {
            "version": "v2",
            "algorithm": "gb",
            "kpis": {"select": {"auc": 0.7}, "test": {"auc": None}},
            "gates": [{"kpi": "auc", "bound": 0.7, "value": None, "passed": False}],
        },
    ],
    "best": "v1",
    "promoted": True,
    "model": "credit",
}


def test_a_cycle_sends_its_options_and_shows_its_versions(crispml_cli, services):
    services.on("POST", CYCLE, services.run(result=RESULT))

    result = crispml_cli(
        *("cycle", "credit", "--promote", "--algorithm", "lr", "--seed", "3"),
        *("--set", "lr.C=0.5", "--set", 'gb.loss="x=y"', "--search", "random", "--iterations", "9"),
    )

    assert result.exit_code == 0, result.stderr
    assert services.body("/cycle") == {
        "algorithms": ["lr"],
        "hyperparameters": {"lr": {"C": 0.5}, "gb": {"loss": "x=y"}},
        "seed": 3,
        "search": {"kind": "random", "iterations": 9},
        "promote": True,
    }
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["v1", "lr", "0.79", "passed"] in rows
    assert ["v2", "gb", "-", "failed"] in rows
    assert "v1, which is champion now" in result.stdout


def test_a_cycle_follows_its_run_to_the_end(crispml_cli, services):
    services.on("POST", CYCLE, services.run(status="queued"))
    services.on("GET", "/api/v1/runs/r1", services.run(result=RESULT))

    result = crispml_cli("cycle", "credit", "--json")

    assert json.loads(result.stdout)["status"] == "succeeded"


def test_no_wait_leaves_the_run_alone(crispml_cli, services):
    services.on("POST", CYCLE, services.run(status="queued"))

    result = crispml_cli("cycle", "credit", "--no-wait")

    assert "r1 is queued" in result.stdout
    assert len(services.requests) == 1


def test_ctrl_c_says_that_the_run_goes_on_and_how_to_stop_it(crispml_cli, services):
    services.on("POST", CYCLE, services.run(status="queued"))
    services.on("GET", "/api/v1/runs/r1/events", KeyboardInterruptOnCall())

    result = crispml_cli("cycle", "credit")

    assert result.exit_code == 1
    assert "crispml runs cancel r1" in result.stderr


class KeyboardInterruptOnCall:
    def __call__(self, request):
        raise KeyboardInterrupt


def test_one_method_runs_with_json_parameters(crispml_cli, services):
    services.on(
        "POST",
        "/api/v1/use-cases/credit/data-preparation",
        services.run(method="data-preparation", result={"dataset_id": "d2", "rows": 10}),
    )

    result = crispml_cli(
        *("run", "data-preparation", "credit"),
        *("--param", "dataset_id=d1", "--param", "seed=1"),
    )

    assert services.body("data-preparation") == {"dataset_id": "d1", "seed": 1}
    assert ["dataset_id", "d2"] in [line.split() for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("a.csv", "text/csv"), ("a.parquet", "application/vnd.apache.parquet")],
)
def test_a_file_is_uploaded_by_its_kind(crispml_cli, services, tmp_path, name, content_type):
    (tmp_path / name).write_bytes(b"content")
    services.on("POST", "/api/v1/use-cases/credit/data-ingestion", services.run())

    crispml_cli("run", "data-ingestion", "credit", "--file", name, "--param", "owner=risk")

    sent = services.requests[0]
    assert (sent.headers["Content-Type"], sent.content) == (content_type, b"content")
    assert dict(sent.url.params) == {"owner": "risk"}


def test_runs_are_listed_shown_and_cancelled(crispml_cli, services):
    services.on("GET", "/api/v1/runs", {"items": [services.run()], "next_cursor": None})
    services.on("GET", "/api/v1/runs/r1", services.run(stage="done"))
    services.on("POST", "/api/v1/runs/r1/cancel", services.run(status="running"))

    listed = crispml_cli("runs", "--status", "succeeded", "--json")
    shown = crispml_cli("runs", "r1")
    cancelled = crispml_cli("runs", "cancel", "r1")

    assert [run["id"] for run in json.loads(listed.stdout)] == ["r1"]
    assert dict(services.requests[0].url.params) == {"status": "succeeded", "limit": "20"}
    assert ["stage", "done"] in [line.split() for line in shown.stdout.splitlines()]
    assert cancelled.stdout == "run r1: asked to stop\n"
