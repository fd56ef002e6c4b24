"""Rules and alerts are valid, tested in both directions, and somebody is told what to do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from scripts.dashboards.registered import registered, registry
from tests.prometheus.conftest import ROOT
from tests.prometheus.server import SHIPPED, program

RULES = sorted((SHIPPED / "rules").glob("*.yml"))
TESTS = sorted((SHIPPED / "tests").glob("*.yml"))
PAGE = (ROOT / "docs" / "metrics.md").read_text()
GROUPS = [group for file in RULES for group in yaml.safe_load(file.read_text())["groups"]]
ALL = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in ALL if "alert" in rule}


def succeeds(*command: str | Path) -> None:
    name, *arguments = command
    done = subprocess.run([program(str(name)), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.server
def test_promtool_accepts_configuration_and_rules() -> None:
    succeeds("promtool", "check", "config", SHIPPED / "prometheus.yml")
    succeeds("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.server
@pytest.mark.parametrize("file", TESTS, ids=lambda file: str(file.stem))
def test_promtool_runs_the_tests_of_the_rules(file: Path) -> None:
    succeeds("promtool", "test", "rules", file)


@pytest.mark.server
def test_amtool_accepts_the_example_for_alertmanager() -> None:
    succeeds("amtool", "check-config", SHIPPED / "alertmanager.yml")


@pytest.mark.server
def test_promtool_finds_nothing_to_say_about_the_metrics_and_their_texts() -> None:
    # Of several processes the texts are lost, so those of one are looked at.
    said = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=generate_latest(registry()),
        capture_output=True,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")


def test_there_are_alerts() -> None:
    assert len(ALERTS) > 20
    assert len(ALERTS) == sum("alert" in rule for rule in ALL)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_means_and_where_to_read_on(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in ("critical", "warning", "info", "{{ $labels.severity }}")
    assert {"summary", "description", "runbook_url"} == set(alert["annotations"])
    page = f"docs/runbooks/{name}.md"
    assert alert["annotations"]["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}{page}"
    assert (ROOT / page).exists(), f"{name} has no runbook"
    assert f"[{name}](runbooks/{name}.md)" in PAGE


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_tested_in_both_directions(name: str) -> None:
    asked = [
        bool(case["exp_samples"])
        for file in TESTS
        for test in yaml.safe_load(file.read_text())["tests"]
        for case in test["promql_expr_test"]
        if f'alertname="{name}"' in case["expr"]
    ]
    assert {True, False} <= set(asked)


def test_rules_ask_for_metrics_and_labels_that_exist() -> None:
    # `up` and `ALERTS` are Prometheus's own.
    recorded = {rule["record"] for rule in ALL if "record" in rule}
    for rule in ALL:
        expression: str = rule["expr"]
        named = set(re.findall(r"(?<![:\w])crispml_\w+(?![:\w])", expression))
        assert {_of_histogram(name) for name in named} <= set(registered()), rule
        assert set(re.findall(r"\w+:\w+:\w+", expression)) <= recorded, rule
        for name, labels in re.findall(r"(?<![:\w])(crispml_\w+)\{([^}]*)\}", expression):
            asked = set(re.findall(r"(\w+)\s*(?:=|!)", labels))
            known = {*registered()[_of_histogram(name)].labels, "le", "quantile"}
            assert asked <= known, rule


def test_what_is_recorded_is_in_the_page() -> None:
    for rule in ALL:
        if "record" in rule:
            name = rule["record"]
            assert f"`{name}`" in PAGE or f"`{re.sub(r'(30m|1h|6h)$', '5m', name)}`" in PAGE, name


def _of_histogram(name: str) -> str:
    return re.sub(r"_(bucket|count|sum)$", "", name)


def test_compose_asks_for_the_same_services_as_a_laptop() -> None:
    def targets(folder: str, file: str) -> Any:
        return yaml.safe_load((SHIPPED / folder / file).read_text())

    jobs = [[one["labels"] for one in targets(f, "services.yml")] for f in ("targets", "compose")]
    assert jobs[0] == jobs[1]
    assert targets("targets", "alertmanagers.yml") == []
    assert targets("compose", "alertmanagers.yml") == [{"targets": ["alertmanager:9093"]}]
    named: list[dict[str, Any]] = targets("compose", "services.yml")
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert all(one["targets"][0].partition(":")[0] in compose for one in named)
