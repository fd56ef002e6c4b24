"""A load test tells the truth: about a server that stands still, and about the ledger."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from crispml_core.client import CrispMLClient
from loadtest.__main__ import PAGE, RESULTS, main
from loadtest.collecting import BEGAN_FILE, END_FILE, SERIES_FILE, TOLD_FILE
from loadtest.config import SCENARIOS, LoadSettings
from loadtest.demo import local_target
from loadtest.outcomes import Outcome
from loadtest.running import CHARTS, LoadFailed, run_load
from loadtest.thresholds import DEFAULT
from loadtest.verifying import verify
from tests.certificates import Authority
from tests.e2e.pausing_server import pausing_server
from tests.tekton.files import ROOT

pytestmark = [pytest.mark.trial, pytest.mark.slow]

RATE, SECONDS, WARM_UP_S = 100.0, 4.0, 0.5
IMPOSSIBLE = '\n[[threshold]]\nfigure = "p50_ms"\nmaximum = 0.001\n'


@pytest.fixture(autouse=True)
def no_settings_of_others(monkeypatch):
    monkeypatch.delenv("CRISPML_API_KEY", raising=False)


def test_locust_counts_the_time_from_the_moment_a_request_was_due(tmp_path, monkeypatch):
    """All who were due in a pause of a second have waited, not only those on their way."""
    settings = LoadSettings(
        use_case="orders",
        scenarios=("single",),
        rate=RATE,
        user_rate=10.0,
        arrivals="even",
        seconds=SECONDS,
        warm_up_s=WARM_UP_S,
        invalid_share=0.0,
        processes=1,
        results=str(tmp_path),
    )
    authority = Authority(tmp_path)
    monkeypatch.setenv("CRISPML_CA_FILE", str(authority.file))
    with pausing_server(WARM_UP_S + 1.5, authority.issue("server")) as server:
        report = run_load(settings, "", server.url)
        assert server.has_paused
    figures = report.figures.by_request["single"]
    # Nothing that was due is left out because the server stood still; some more is due while the
    # users are stopped.
    assert 0.9 * RATE * SECONDS < figures.requests < 1.3 * RATE * SECONDS
    # 70 of 400 are due in the first 0.7 s of the pause and wait at least 0.3 s. A client that
    # measures from the moment it sends sees one for each of its 10 connections.
    assert figures.latency.percentile(0.88) > 300
    assert figures.service.percentile(0.95) < 300
    assert figures.latency.max_ms > 900
    assert (report.faults, report.silent) == (0, 0)
    assert figures.count(Outcome.FAILED) == 0
    # Locust itself stands still for none of it, also when users are stopped.
    assert figures.count(Outcome.UNSENT) <= 15
    assert report.told == figures.count(Outcome.ANSWERED)


def test_a_load_that_is_ended_early_has_every_answer_and_its_curve(tmp_path, monkeypatch):
    """Ten connections that ask as fast as they are answered, and are stopped in the middle."""
    folder = tmp_path / "load"
    settings = LoadSettings(
        use_case="orders",
        scenarios=("single",),
        rate=RATE,
        user_rate=10.0,
        arrivals="closed",
        seconds=120.0,
        warm_up_s=0.0,
        invalid_share=0.0,
        processes=1,
        series=True,
        results=str(folder),
    )
    authority = Authority(tmp_path)
    monkeypatch.setenv("CRISPML_CA_FILE", str(authority.file))
    with (
        pausing_server(1.0, authority.issue("server")) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        load = pool.submit(run_load, settings, "", server.url)
        while not (folder / BEGAN_FILE).exists():
            assert not load.done(), load.result()
            time.sleep(0.05)
        time.sleep(3.0)
        (folder / END_FILE).touch()
        report = load.result()
    figures = report.figures.by_request["single"]
    assert 2.0 < report.seconds < 30.0
    assert figures.measured == {Outcome.ANSWERED: figures.requests}
    # What waits for an answer is not due: nobody was due in the pause but the ten that waited.
    assert report.told == figures.requests
    assert report.figures.notes.keys() <= {"no data to draw from: all records are of the schema"}
    rows = list(csv.DictReader((folder / SERIES_FILE).read_text().splitlines()))
    assert sum(int(row["answered"]) for row in rows) == figures.requests
    assert max(float(row["p99_ms"] or 0) for row in rows) > 500


def test_a_service_that_nobody_trusts_gives_no_result(tmp_path):
    settings = LoadSettings(processes=1, seconds=1, warm_up_s=0, results=str(tmp_path))
    certificate = Authority(tmp_path).issue("server")
    with (
        pausing_server(0.0, certificate) as server,
        pytest.raises(LoadFailed, match="0 of 1 processes"),
    ):
        run_load(settings, "", server.url)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("services")


@pytest.fixture(scope="module")
def key_file(target, folder):
    """A key with the roles that the page of Kubernetes names, and no other."""
    page = (ROOT / "deploy" / "k8s" / "README.md").read_text()
    (roles,) = re.findall(r"crispml keys new loadtest ([a-z ]+) >", page)
    admin = (folder / "admin.key").read_text().strip()
    with CrispMLClient(target.training_url, target.scoring_url, credential=admin) as client:
        made = client.training.new_api_key("loadtest", roles.split())
    file = folder / "loadtest.key"
    file.write_text(made.key)
    return str(file)


@pytest.fixture(scope="module")
def target(folder):
    with local_target(folder, "german_credit", ["logistic_regression"]) as started:
        yield started


def test_a_small_load_of_all_kinds_is_found_in_the_ledger_and_a_missed_threshold_ends_with_1(
    target, folder, key_file, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("CRISPML_SCORING_URL", target.scoring_url)
    monkeypatch.setenv("CRISPML_TRAINING_URL", target.training_url)
    monkeypatch.setenv("LOADTEST_KEY_FILE", key_file)
    rules = tmp_path / "rules.toml"
    rules.write_text(DEFAULT.read_text() + IMPOSSIBLE)
    results = tmp_path / "results"
    asked = ["--quick", "--json", "--seconds", "6", "--warm-up", "2", "--rate", "100"]
    asked += [word for name in SCENARIOS for word in ("--scenario", name)]
    code = main([*asked, "--folder", str(results), "--thresholds", str(rules)])

    told = capsys.readouterr()
    (line,) = told.out.splitlines()
    result = json.loads(line)
    assert code == 1
    assert {
        (one["name"], one["maximum"]) for one in result["thresholds"] if one["verdict"] == "missed"
    } == {("p50_ms", 0.001)}
    # The step of a rollout looks for it.
    assert f" missed: p50_ms is {result['p50_ms']}, at most 0.001\n" in told.err
    assert result["acknowledged"] == result["in_ledger"] == stored(folder) > 300
    assert result["doubled"] == result["missing"] == result["different"] == 0
    assert result["failed"] == result["refused_valid"] == result["accepted_invalid"] == 0
    assert result["refused_invalid"] > 0
    assert result["faults"] == result["silent_processes"] == 0
    assert result["p50_ms"] <= result["p99_ms"]
    assert {"single", "batch", "open-inference", "mixed: score", "mixed: label"} <= set(
        result["by_request"]
    )
    assert result == json.loads((results / RESULTS).read_text())
    assert "p50_ms" in (results / PAGE).read_text()
    assert (results / CHARTS).is_file()

    tamper(folder)
    with CrispMLClient(
        target.training_url,
        target.scoring_url,
        credential=(folder / "admin.key").read_text().strip(),
    ) as client:
        use_case = client.scoring.use_case("german_credit")
        found = verify(client, use_case, results / TOLD_FILE, tmp_path)
    assert found.different == 1
    assert found.in_ledger == result["acknowledged"] - 1


def stored(folder):
    """Return how many scores the ledger holds beside the one that the start asked for."""
    with sqlite3.connect(f"file:{folder / 'crispml.db'}?mode=ro", uri=True) as connection:
        return connection.execute("SELECT COUNT(*) FROM scores").fetchone()[0] - 1


def tamper(folder):
    """Change one probability of the ledger."""
    with sqlite3.connect(folder / "crispml.db", timeout=30) as connection:
        done = connection.execute(
            "UPDATE score_rows SET probability = probability / 2"
            " WHERE place = (SELECT MAX(place) FROM score_rows)"
        )
        assert done.rowcount == 1
