"""What is critical opens an incident in GitLab: Alertmanager calls its alert integration."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from crispml_core.cli.ports import HOST, PortClaims
from tests.prometheus.conftest import HTTP, until
from tests.prometheus.server import SHIPPED, program
from tests.receiver import Receiver

KEY = "the-key-of-the-integration"


@pytest.fixture(scope="module")
def gitlab() -> Iterator[Receiver]:
    with Receiver(200) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def alertmanager(gitlab: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One with the shipped configuration, except for where things are and how long it waits."""
    folder = tmp_path_factory.mktemp("alertmanager")
    key = folder / "key"
    key.write_text(f"{KEY}\n")
    text = (SHIPPED / "alertmanager.yml").read_text()
    moved = {
        "https://gitlab.example.com/": f"{gitlab.url}/",
        "/etc/alertmanager/gitlab/key": str(key),
        "group_wait: 30s": "group_wait: 100ms",
        "group_interval: 5m": "group_interval: 1s",
    }
    for shipped, here in moved.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    # Only GitLab is asked in this test.
    text = re.sub(r"http://127\.0\.0\.1:9095/\S+", "http://127.0.0.1:9/nobody", text)
    (folder / "alertmanager.yml").write_text(text)
    ports = PortClaims()
    address = f"{HOST}:{ports.claim(0)}"
    command = [
        program("prometheus-alertmanager"),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: _is_ready(address), "Alertmanager is ready", 30)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)
        ports.release()


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/-/ready", **HTTP).status_code == 200
    except httpx.TransportError:
        return False


def add(alertmanager: str, *words: str) -> None:
    subprocess.run(
        [program("amtool"), f"--alertmanager.url={alertmanager}", "alert", "add", *words],
        check=True,
    )


def calls(gitlab: Receiver, name: str) -> list[dict[str, Any]]:
    bodies = [json.loads(body) for body in gitlab.bodies]
    return [body for body in bodies if body["groupLabels"]["alertname"] == name]


@pytest.mark.server
def test_a_critical_alert_opens_an_incident_and_its_end_closes_it(
    alertmanager: str, gitlab: Receiver
) -> None:
    name = "CrispMLServiceDown"
    labels = (f"alertname={name}", "severity=critical", "job=crispml-scoring")
    page = f"--annotation=runbook_url=docs/runbooks/{name}.md"
    add(alertmanager, *labels, page, "--annotation=summary=crispml-scoring does not answer")
    (opened, *_) = until(lambda: calls(gitlab, name), "GitLab is called", 30)
    # What GitLab reads: https://docs.gitlab.com, "Alert integrations", Prometheus.
    assert opened["version"] == "4"
    assert opened["status"] == "firing"
    (alert,) = opened["alerts"]
    assert alert["labels"]["job"] == "crispml-scoring"
    assert alert["annotations"]["summary"] == "crispml-scoring does not answer"
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
    assert {"startsAt", "endsAt", "fingerprint", "generatorURL"} <= set(alert)
    assert {headers["Authorization"] for headers in gitlab.headers} == {f"Bearer {KEY}"}
    add(alertmanager, *labels, page, "--end=2020-01-01T00:00:00Z", "--start=2019-01-01T00:00:00Z")
    until(
        lambda: [call for call in calls(gitlab, name) if call["status"] == "resolved"],
        "GitLab is told of the end",
        60,
    )


@pytest.mark.server
def test_a_warning_opens_none(alertmanager: str, gitlab: Receiver) -> None:
    add(alertmanager, "alertname=CrispMLLabelLag", "severity=warning")
    add(alertmanager, "alertname=CrispMLNotReady", "severity=critical")
    until(lambda: calls(gitlab, "CrispMLNotReady"), "GitLab is called", 30)
    assert calls(gitlab, "CrispMLLabelLag") == []
