"""``crispml capacity`` says what a rate takes, and asks no service for it."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import msgspec
import pytest

from crispml_core.capacity.measured import read
from crispml_core.cli import capacity_measure

WISH = ("capacity", "--rate", "5000", "--p99-ms", "50")


def test_pods_memory_writes_and_storage_are_told_with_where_it_was_measured(crispml_cli, services):
    result = crispml_cli(*WISH, "--mean-rate", "800", "--retention-days", "90")

    assert result.exit_code == 0, result.output
    for line in ("pods ", "memory ", "commits ", "rows written ", "storage ", "kept "):
        assert f"\n{line}" in f"\n{result.stdout}"
    assert f"commit {read().on('postgresql').commit}" in result.stdout
    assert services.requests == []


def test_json_is_the_wish_the_plan_and_where_it_was_measured(crispml_cli):
    told = json.loads(crispml_cli(*WISH, "--spare", "2", "--json").stdout)

    assert told["asked"]["rate"] == 5000
    assert told["plan"]["pods"] >= 3
    assert told["plan"]["p99_ms_without_spare"] <= 50
    assert told["measured"]["commit"] == read().on("postgresql").commit
    assert told["database"] == "postgresql"


def test_what_is_not_possible_says_what_is(crispml_cli):
    result = crispml_cli("capacity", "--rate", "10", "--p99-ms", "0.01")

    assert result.exit_code == 1
    assert "not possible with any number of pods" in result.stderr
    assert "Traceback" not in result.output


def test_measurements_of_your_own_are_used(crispml_cli, tmp_path):
    document = msgspec.to_builtins(read())
    for one in document["databases"].values():
        one["commit"] = "ours"
        one["figures"]["request_cpu_us"] *= 10
    file = tmp_path / "ours.json"
    file.write_text(json.dumps(document))
    asked = ("capacity", "--rate", "50000", "--p99-ms", "500", "--json")

    shipped, ours = (json.loads(crispml_cli(*asked, *more).stdout) for more in ((), OWN))

    assert ours["measured"]["commit"] == "ours"
    assert ours["plan"]["pods"] > shipped["plan"]["pods"]
    assert ours["plan"]["cores"] > shipped["plan"]["cores"]


OWN = ("--measured", "ours.json")


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (("--database", "oracle"), 1, "of postgresql and sqlite only"),
        (("--mean-rate", "6000"), 1, "at most the rate"),
        (("--spare", "-1"), 2, "--spare"),
        (("--most-used", "1"), 2, "--most-used"),
        (("--measured", "missing.json"), 2, "missing.json"),
    ],
)
def test_wrong_wishes_end_with_one_sentence(crispml_cli, more, status, said):
    result = crispml_cli(*WISH, *more)

    assert result.exit_code == status
    assert said in result.stderr


def metrics(scores, cpu_s, commits):
    return (
        f'crispml_process_cpu_seconds_total{{mode="user"}} {cpu_s * 0.75}\n'
        f'crispml_process_cpu_seconds_total{{mode="system"}} {cpu_s * 0.25}\n'
        f'crispml_scores_total{{use_case="credit"}} {scores}\n'
        f"crispml_commit_duration_seconds_count {commits}\n"
        f"crispml_commit_duration_seconds_sum {commits * 0.003}\n"
        "crispml_process_resident_bytes 1.048576e+08\n"
    )


@pytest.fixture
def used(services, monkeypatch):
    """A service that answers 1,000 scores in each window of a second, in larger and larger groups.

    A request takes 60 µs, and a group 900.
    """
    told, scores, cpu_s, commits = [], 0.0, 1.0, 0.0
    for size in range(2, 13):
        told.append(metrics(scores, cpu_s, commits))
        scores, commits = scores + 1000, commits + 1000 / size
        cpu_s += 1000 * 60e-6 + 1000 / size * 900e-6
    moments, texts = iter(range(100)), iter(told)
    services.on("GET", "/metrics", lambda request: httpx.Response(200, text=next(texts)))
    monkeypatch.setattr(capacity_measure.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(capacity_measure.time, "monotonic", lambda: next(moments))
    return services


def test_a_service_that_is_used_is_measured_without_a_request_of_its_own(crispml_cli, used):
    result = crispml_cli("capacity", "measure", "--to", "mine.json")

    assert result.exit_code == 0, result.output
    assert "1,000/s" in result.stdout
    assert {request.url.path for request in used.requests} == {"/metrics"}
    figures = json.loads(Path("mine.json").read_text())["databases"]["postgresql"]["figures"]
    assert figures["request_cpu_us"] == pytest.approx(60, rel=0.01)
    assert figures["group_cpu_us"] == pytest.approx(900, rel=0.01)
    assert figures["group_wait_us"] == pytest.approx(2100, rel=0.01)
    assert figures["idle_mib"] == 100
    assert crispml_cli(*WISH, "--measured", "mine.json").exit_code == 0


def test_a_service_that_nobody_uses_is_not_measured(crispml_cli, services, monkeypatch):
    monkeypatch.setattr(capacity_measure.time, "sleep", lambda seconds: None)
    services.on("GET", "/metrics", lambda request: httpx.Response(200, text=metrics(5, 1.0, 5)))

    result = crispml_cli("capacity", "measure", "--to", "mine.json")

    assert result.exit_code == 1
    assert "measure while the service is used" in result.stderr
    assert not Path("mine.json").exists()
