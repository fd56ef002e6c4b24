"""What is made of other files is made of all of them, and of what they are now."""

import json
import re

import pytest
import yaml

from crispml_core import __version__
from scripts import prometheus_rules
from tests.manifests import rendering
from tests.manifests.objects import of_kind, pods_of
from tests.manifests.pod_rules import settings_of
from tests.manifests.rendering import K8S, ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
WATCHED = ("postgres", "influxdb", "monitoring", "grafana")


def test_the_rules_are_those_of_prometheus():
    assert prometheus_rules.TARGET.read_text() == prometheus_rules.rendered(), "make manifests"
    rules = list(yaml.safe_load_all(prometheus_rules.TARGET.read_text()))
    assert len(rules) == len(list(prometheus_rules.RULES.glob("*.yml")))


def test_every_dashboard_is_carried_and_shown():
    objects = rendering.combination(WATCHED)
    carried = {
        name: text
        for each in of_kind(objects, "ConfigMap")
        for name, text in each["data"].items()
        if each["metadata"]["name"].startswith("crispml-dashboard-")
    }
    folder = ROOT / "deploy" / "grafana" / "dashboards"
    assert carried == {file.name: file.read_text() for file in folder.glob("*.json")}
    assert all(json.loads(text)["title"] for text in carried.values())
    (grafana,) = (pods for pods in pods_of(objects) if pods.component == "grafana")
    shown = grafana.volumes()["dashboards"]["projected"]["sources"]
    assert len(shown) == len(carried)


def test_grafana_is_told_what_its_sources_ask():
    objects = rendering.combination(WATCHED)
    (grafana,) = (pods for pods in pods_of(objects) if pods.component == "grafana")
    told = {variable["name"] for variable in grafana.spec["containers"][0]["env"]}
    sources = ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "crispml.yml"
    assert set(re.findall(r"\$([A-Z_]+)", sources.read_text())) <= told
    assert told >= set(COMPOSE["grafana"]["environment"])


def test_the_rules_know_the_services_by_their_names():
    rules = "".join(file.read_text() for file in prometheus_rules.RULES.glob("*.yml"))
    named = set(re.findall(r'job="([^"]+)"', rules))
    services = {
        each["metadata"]["labels"]["app.kubernetes.io/name"]
        for each in of_kind(rendering.combination(WATCHED), "Service")
    }
    assert named
    assert named <= services


def test_our_images_are_those_of_this_release():
    objects = rendering.overlay("overlays/qa")
    own = {
        container["image"]
        for pods in pods_of(objects)
        for container in pods.containers()
        if container["image"].startswith("crispml-")
    }
    names = ("training", "scoring", "console", "loadtest")
    assert own == {f"crispml-{name}:{__version__}" for name in names}
    versions = {
        each["metadata"]["labels"]["app.kubernetes.io/version"]
        for each in of_kind(objects, "Deployment")
    }
    assert versions == {__version__}


def test_with_db2_the_images_have_its_driver():
    images = {
        container["image"]
        for pods in pods_of(rendering.combination(("db2",)))
        for container in pods.containers()
    }
    names = ("training-db2", "scoring-db2", "console")
    assert images == {f"crispml-{name}:{__version__}" for name in names}


@pytest.mark.parametrize(
    ("service", "objects"),
    [
        ("postgres", lambda: rendering.combination(WATCHED)),
        ("influxdb", lambda: rendering.combination(WATCHED)),
        ("grafana", lambda: rendering.combination(WATCHED)),
        ("db2", lambda: rendering.overlay("platform/db2")),
    ],
)
def test_servers_are_those_of_compose(service, objects):
    pinned = re.fullmatch(r"\$\{[A-Z0-9]+_IMAGE:-(.+)\}", COMPOSE[service]["image"])[1]
    found = {
        container["image"]
        for pods in pods_of(objects())
        if pods.component == service
        for container in pods.containers()
    }
    assert found == {pinned}


def test_the_adapter_serves_the_metric_that_the_autoscaler_asks_for():
    file = K8S / "components" / "autoscaling-in-flight" / "adapter_rules.yaml"
    (rule,) = yaml.safe_load(file.read_text())["rules"]["custom"]
    objects = rendering.combination(("postgres", "autoscaling", "autoscaling-in-flight"))
    (scaler,) = of_kind(objects, "HorizontalPodAutoscaler")
    kinds = {metric["type"]: metric for metric in scaler["spec"]["metrics"]}
    assert set(kinds) == {"Resource", "Pods"}
    asked = kinds["Pods"]["pods"]["metric"]["name"]
    assert rule["name"]["as"] == asked
    assert rule["seriesQuery"].startswith(f"{asked}{{")
    assert f'"{asked}"' in (ROOT / "crispml_core" / "rest" / "metrics.py").read_text()


def test_the_image_of_a_stateful_pod_is_the_same_one():
    before = rendering.combination(("postgres",))
    after = rendering.combination(("postgres", "stateful-scoring"))
    (deployment,) = (p for p in pods_of(before) if p.component == "scoring")
    (stateful,) = (p for p in pods_of(after) if p.component == "scoring")
    assert (deployment.kind, stateful.kind) == ("Deployment", "StatefulSet")
    was, now = (p.spec["containers"][0] for p in (deployment, stateful))
    different = {key for key in {*was, *now} if was.get(key) != now.get(key)}
    assert different == {"env"}
    assert not any(
        each["metadata"]["name"] == "crispml-work"
        for each in of_kind(after, "PersistentVolumeClaim")
    )


def test_a_worker_has_what_a_service_has_but_not_the_private_key():
    objects = rendering.combination(("dask", "sqlite", "examples"))
    pods = {each.component: each for each in pods_of(objects)}

    def mounts(name):
        return {
            mount["mountPath"]
            for container in pods[name].containers()
            for mount in container["volumeMounts"]
        }

    services = mounts("training") | mounts("scoring")
    assert mounts("dask-worker") == services - {"/etc/crispml/signing"}
    assert mounts("dask-scheduler") == {"/tmp", "/etc/crispml/dask"}
    images = {container["image"] for container in pods["dask-worker"].containers()}
    assert images == {container["image"] for container in pods["training"].containers()}
    for name in ("training", "scoring"):
        assert "/etc/crispml/dask" in mounts(name)


def test_the_address_of_the_cluster_is_that_of_its_service():
    objects = rendering.combination(("dask", "postgres"))
    (service,) = (
        each for each in of_kind(objects, "Service") if each["metadata"]["name"] == "crispml-dask"
    )
    address = f"tls://crispml-dask:{service['spec']['ports'][0]['port']}"
    assert settings_of(objects)["CRISPML_COMPUTE__DASK_ADDRESS"] == address
    (worker,) = (each for each in pods_of(objects) if each.component == "dask-worker")
    (container,) = worker.containers()
    assert address in container["command"]
    assert f"--worker-port={worker.ports()['worker']}" in container["command"]
    limit = {"resource": "limits.memory"}
    told = {each["name"]: each.get("valueFrom", {}) for each in container["env"]}
    assert told["MEMORY_LIMIT"]["resourceFieldRef"] == limit


def test_the_page_names_every_component_and_overlay():
    page = (K8S / "README.md").read_text()
    for parent in ("components", "platform", "overlays"):
        for folder in (K8S / parent).iterdir():
            assert f"`{folder.name}`" in page or f"`{parent}/{folder.name}`" in page, folder.name
