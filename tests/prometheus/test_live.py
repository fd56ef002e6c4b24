"""Prometheus itself reads the services as configured, answers questions, and an alert fires."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scripts.dashboards.registered import registered
from tests.prometheus.conftest import ROOT, Watched
from tests.prometheus.server import program

pytestmark = [pytest.mark.server, pytest.mark.timeout(400)]

QUESTIONS = {
    "How many requests come?": "job:crispml_http_requests:rate5m > 0",
    "How long do 99 of 100 wait?": "job_route:crispml_http_request_duration_seconds:p99_rate5m > 0",
    "Which version scored how much?": "sum by (version) (crispml_scores_total) > 100",
    "How far is a KPI from its gate?": (
        'crispml_kpi{version!="all"} - on (use_case, kpi) group_left ()'
        ' crispml_kpi_gate_bound{bound="minimum"} >= 0'
    ),
    "Is a gate kept?": "crispml_kpi_gate_kept",
    "What drifts?": 'max by (field) (crispml_drift{statistic="psi"})',
    "How many labels came?": 'crispml_labels_total{verdict="accepted"} > 100',
    "How many scores have a label?": 'crispml_label_coverage_ratio{version="all"} == 1',
    "How late do labels come?": 'crispml_label_lag_seconds{quantile="0.9"}',
    "Who is champion?": "use_case_version:crispml_champion:info",
    "When did the champion change?": (
        'changes(crispml_alias_moves_total{alias="champion"}[10m]) > 0'
    ),
    "Did the cycle end well?": 'crispml_runs{method="cycle", status="succeeded"} == 1',
    "Is all of it ready?": "count(crispml_ready == 1) == 2",
    "Can the database be read?": "crispml_database_read_up == 1",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_prometheus_answers(watched: Watched, question: str) -> None:
    assert watched.wait_for(QUESTIONS[question])


@pytest.mark.parametrize("service", ["training", "scoring"])
def test_promtool_finds_nothing_to_say_about_the_metrics(watched: Watched, service: str) -> None:
    said = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=watched.metrics(service),
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_what_is_told_is_what_is_registered(watched: Watched) -> None:
    watched.wait_for("crispml_drift")  # which is measured once a minute
    families: dict[str, Any] = {}
    for service in ("training", "scoring"):
        for family in text_string_to_metric_families(watched.metrics(service)):
            families.setdefault(family.name, family)
    known = {name.removesuffix("_total"): metric for name, metric in registered().items()}
    assert families.keys() <= known.keys()
    for name, family in families.items():
        allowed = {*known[name].labels, "le", "quantile"}
        for sample in family.samples:
            assert sample.labels.keys() <= allowed, name
    # Several processes leave out what was never counted; nothing else may be missing.
    silent = known.keys() - families.keys()
    assert silent <= {"crispml_shadow_scores", "crispml_shadow_dropped"}


def test_each_metric_comes_from_the_service_that_the_page_names(watched: Watched) -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(
        r"^\| `crispml_(\w+)` \| .+? \| (training|scoring|both) \|", page, re.MULTILINE
    )
    told: dict[str, set[str]] = {}
    for found in watched.ask('count by (__name__, job) ({__name__=~"crispml_.+"})'):
        name = re.sub(r"_(bucket|count|sum)$", "", found["__name__"]).removeprefix("crispml_")
        told.setdefault(name, set()).add(found["job"].removeprefix("crispml-"))
    for name, service in rows:
        both = {"training", "scoring"}
        assert told.get(name, set()) <= (both if service == "both" else {service}), name


def test_every_rule_is_evaluated_and_none_fails(watched: Watched) -> None:
    groups = watched.rules()
    assert {group["name"] for group in groups} >= {"crispml-recording", "crispml-services"}
    for group in groups:
        for rule in group["rules"]:
            assert rule["health"] == "ok", rule


def test_an_alert_fires_and_ends_and_a_restart_forgets_nothing(watched: Watched) -> None:
    query = 'crispml_kpi{version="all", kpi="auc"}'
    (before,) = watched.wait_for(query)
    down = 'ALERTS{alertname="CrispMLServiceDown", job="crispml-training", alertstate="firing"}'
    assert watched.ask(down) == []
    watched.stop("training")
    assert watched.wait_for(down)
    watched.start("training")
    (after,) = watched.wait_for(query)
    assert after["value"] == before["value"]
    watched.wait_for(f"absent({down})")
