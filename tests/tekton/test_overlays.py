"""The pipelines and the overlays of deploy/k8s agree about names, labels and rights."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from tests.servers import missing
from tests.tekton.files import ROOT, STEPS, TASKS, of_kind
from tests.tekton.test_rights import may

ENVIRONMENTS = ("dev", "qa", "prod")
# Where the plural is not the name with an s.
PLURALS = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses"}


@cache
def objects(environment: str) -> list[dict[str, Any]]:
    folder = ROOT / "deploy" / "k8s" / "overlays" / environment
    if not folder.exists():
        missing(f"there is no overlay {environment}")
    kubectl = shutil.which("kubectl") or missing("kubectl is not installed")
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_deployer_may_apply_whatever_is_in_an_overlay(environment: str) -> None:
    for found in objects(environment):
        if found["kind"] == "Namespace":
            continue  # which is left out
        resource = PLURALS.get(found["kind"], found["kind"].lower() + "s")
        assert found["metadata"]["namespace"] == f"crispml-{environment}"
        for verb in ("create", "patch"):
            assert may("deployer", verb, resource, f"crispml-{environment}"), resource


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_services_are_where_the_steps_ask_for_them(environment: str) -> None:
    there = {
        (found["metadata"]["name"], port["port"])
        for found in objects(environment)
        if found["kind"] == "Service"
        for port in found["spec"]["ports"]
    }
    for name in ("smoke-test/ask", "verify-cycle/cycle"):
        urls = [one["value"] for one in STEPS[name][1]["env"] if one["name"].endswith("_URL")]
        for url in urls:
            host, port = re.findall(r"http://([\w-]+)\.\S+:(\d+)", url)[0]
            assert (host, int(port)) in there, url


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_migration_and_the_services_are_found_by_their_labels(environment: str) -> None:
    def images(component: str, *kinds: str) -> list[str]:
        return [
            container["image"].split(":")[0]
            for found in objects(environment)
            if found["kind"] in kinds
            and found["metadata"]["labels"].get("app.kubernetes.io/component") == component
            and found["metadata"]["labels"]["app.kubernetes.io/part-of"] == "crispml"
            for container in found["spec"]["template"]["spec"]["containers"]
        ]

    assert images("migration", "Job") == ["crispml-training"]
    for service in ("training", "scoring", "console"):
        assert images(service, "Deployment", "StatefulSet") == [f"crispml-{service}"]


def load_tests(environment: str) -> list[dict[str, Any]]:
    return [
        found
        for found in objects(environment)
        if found["kind"] == "CronJob" and found["metadata"]["name"] == "crispml-loadtest"
    ]


@pytest.mark.parametrize("environment", ["dev", "qa"])
def test_a_load_test_starts_when_it_is_asked_for_and_ends_before_the_step_gives_up(
    environment: str,
) -> None:
    (found,) = load_tests(environment)
    assert found["spec"]["suspend"] is True
    job = found["spec"]["jobTemplate"]
    # So the layer of a rollout finds it, and leaves it out where there is no image.
    for labels in (found["metadata"]["labels"], job["metadata"]["labels"]):
        assert labels["app.kubernetes.io/component"] == "loadtest"
        assert labels["app.kubernetes.io/part-of"] == "crispml"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"].split(":")[0] == "crispml-loadtest"
    # What somebody wants to read on stays for a while.
    assert job["spec"]["ttlSecondsAfterFinished"] >= 24 * 3600
    (settings,) = (
        one["data"]
        for one in objects(environment)
        if one["metadata"]["name"] == container["envFrom"][0]["configMapRef"]["name"]
    )
    load_s = float(settings["LOADTEST_SECONDS"]) + float(settings["LOADTEST_WARM_UP_S"])
    (timeout,) = (
        int(one["default"]) for one in TASKS["load-test"].spec["params"] if one["name"] == "timeout"
    )
    # Pods that start, a training where no version answers, the last answers, and the ledger.
    assert load_s + 600 < timeout < job["spec"]["activeDeadlineSeconds"]


def test_prod_is_rolled_out_without_a_load_test() -> None:
    assert load_tests("prod") == []
    script = STEPS["start-rollout/start"][1]["script"]
    assert '- {name: load-test, value: "false"}' in script


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_network_policies_let_the_pipelines_ask(environment: str) -> None:
    labels = of_kind("Namespace")["crispml-rollout"].content["metadata"]["labels"].items()
    for service in ("training", "scoring", "console"):
        sources = [
            source["namespaceSelector"].get("matchLabels", {}).items()
            for found in objects(environment)
            if found["kind"] == "NetworkPolicy"
            and found["spec"]["podSelector"]
            .get("matchLabels", {})
            .get("app.kubernetes.io/component")
            == service
            for rule in found["spec"].get("ingress", ())
            for source in rule.get("from", ())
            if "namespaceSelector" in source
        ]
        assert any(wanted <= labels for wanted in sources), service
