"""Who has to talk to whom may, and nobody else."""

import pytest

from tests.manifests import rendering
from tests.manifests.network import (
    CLIENT,
    DB2,
    DNS,
    INGRESS,
    INTERNET,
    METADATA,
    OPENSHIFT_DNS,
    OPENSHIFT_INGRESS,
    PRIVATE,
    PROMETHEUS,
    STRANGER,
    Network,
    Peer,
    by_component,
)

TRAINING, SCORING, CONSOLE = 8101, 8102, 8103
DASK, DASK_WORKER = 8786, 8788
SERVICES = {"training": TRAINING, "scoring": SCORING}
OF_DATABASE = ("training", "scoring", "migration", "retention")


@pytest.fixture
def meet():
    """Return the network of a combination of components, and its pods by what they are."""

    def meet(*components):
        objects = rendering.combination(components)
        return Network(objects), by_component(objects)

    return meet


def test_everybody_asks_for_names_and_nothing_else(meet):
    network, pods = meet("sqlite")
    assert set(pods) == {*SERVICES, "console", "migration", "monitor", "retention"}
    for pod in pods.values():
        assert network.leaves(pod, DNS, 53)
        assert network.leaves(pod, DNS, 53, "UDP")
        assert network.leaves(pod, Peer(address="169.254.20.10"), 53, "UDP")
        for other in (INTERNET, METADATA, PRIVATE, STRANGER):
            for port in (53, 80, 443, 5432, 50000):
                assert not network.leaves(pod, other, port)


def test_the_services_are_asked_by_clients_and_watched_by_prometheus(meet):
    network, pods = meet("sqlite")
    for name, port in SERVICES.items():
        for source in (CLIENT, PROMETHEUS):
            assert network.enters(pods[name], source, port)
            assert not network.enters(pods[name], source, port + 1)
        assert not network.enters(pods[name], STRANGER, port)
        assert not network.enters(pods[name], INGRESS, port)
        assert not network.enters(pods[name], INTERNET, port)


def test_the_console_asks_both_services_and_nobody_else(meet):
    network, pods = meet("postgres", "outside", "influxdb", "ingress")
    for name, port in SERVICES.items():
        assert network.connects(pods["console"], pods[name], port)
        assert not network.connects(pods[name], pods["console"], CONSOLE)
    assert not network.connects(pods["console"], pods["postgres"], 5432)
    assert not network.connects(pods["console"], pods["influxdb"], 8086)
    assert network.leaves(pods["console"], INTERNET, 443)
    for source in (CLIENT, PROMETHEUS, INGRESS):
        assert network.enters(pods["console"], source, CONSOLE)
    assert not network.enters(pods["console"], STRANGER, CONSOLE)


def test_the_monitor_asks_training_and_nobody_asks_the_monitor(meet):
    network, pods = meet("sqlite")
    assert network.connects(pods["monitor"], pods["training"], TRAINING)
    assert not network.connects(pods["monitor"], pods["scoring"], SCORING)
    assert not network.connects(pods["retention"], pods["training"], TRAINING)
    assert not network.connects(pods["scoring"], pods["training"], TRAINING)
    for name in ("monitor", "migration", "retention"):
        for source in (CLIENT, PROMETHEUS, INGRESS):
            assert not network.enters(pods[name], source, TRAINING)


def test_a_database_in_the_cluster_is_for_those_that_have_its_login(meet):
    network, pods = meet("postgres")
    for name in pods.keys() - {"postgres"}:
        assert network.connects(pods[name], pods["postgres"], 5432) == (name in OF_DATABASE)
    for source in (CLIENT, PROMETHEUS, STRANGER, INTERNET):
        assert not network.enters(pods["postgres"], source, 5432)


@pytest.mark.parametrize(
    ("component", "ports"), [("postgres-external", (5432,)), ("db2-external", (50000, 50001))]
)
def test_a_database_outside_is_reached(meet, component, ports):
    network, pods = meet(component)
    for name, pod in pods.items():
        for port in ports:
            assert network.leaves(pod, PRIVATE, port) == (name in OF_DATABASE)
            assert not network.leaves(pod, INTERNET, port)


def test_db2_in_its_own_namespace_is_reached_from_both_sides(meet):
    network, pods = meet("db2")
    objects = rendering.overlay("platform/db2")
    there, server = Network(objects), by_component(objects)["db2"]
    assert server.labels.items() >= DB2.labels.items()
    home = {"app.kubernetes.io/part-of": "crispml", "kubernetes.io/metadata.name": "crispml-test"}
    for name, pod in pods.items():
        assert network.leaves(pod, DB2, 50000) == (name in OF_DATABASE)
        comes = Peer(labels=pod.labels, namespace=home)
        assert there.enters(server, comes, 50000) == (name in OF_DATABASE)
    assert not there.enters(server, STRANGER, 50000)
    assert not there.leaves(server, INTERNET, 443)


def test_timings_go_to_influxdb_and_grafana_reads_them(meet):
    network, pods = meet("postgres", "influxdb", "monitoring", "grafana")
    for name in pods.keys() - {"influxdb"}:
        expected = name in (*SERVICES, "grafana")
        assert network.connects(pods[name], pods["influxdb"], 8086) == expected
    assert network.leaves(pods["grafana"], PROMETHEUS, 9090)
    assert network.enters(pods["grafana"], INGRESS, 3000)
    assert not network.enters(pods["grafana"], STRANGER, 3000)


def test_the_ingress_reaches_the_services(meet):
    network, pods = meet("postgres", "ingress")
    for name, port in SERVICES.items():
        assert network.enters(pods[name], INGRESS, port)
    assert not network.enters(pods["postgres"], INGRESS, 5432)


def test_openshift_has_its_own_ingress_and_dns(meet):
    network, pods = meet("postgres", "ingress", "openshift")
    for name, port in SERVICES.items():
        assert network.enters(pods[name], OPENSHIFT_INGRESS, port)
        assert network.leaves(pods[name], OPENSHIFT_DNS, 5353, "UDP")


def test_addresses_outside_are_reached_by_https_and_no_other_way(meet):
    network, pods = meet("sqlite", "outside")
    for name, pod in pods.items():
        assert network.leaves(pod, INTERNET, 443) == (name in {*SERVICES, "console"})
        for other, port in ((INTERNET, 80), (PRIVATE, 443), (METADATA, 443)):
            assert not network.leaves(pod, other, port)


def test_logs_go_to_the_log_service(meet):
    network, pods = meet("sqlite", "log-shipping")
    for name, pod in pods.items():
        assert network.leaves(pod, INTERNET, 443) == (name in SERVICES)
        assert not network.leaves(pod, METADATA, 443)


def test_a_cluster_is_reached_by_the_services_alone(meet):
    network, pods = meet("dask", "postgres", "outside", "influxdb")
    scheduler, worker = pods["dask-scheduler"], pods["dask-worker"]
    for name, pod in pods.items():
        expected = name in {*SERVICES, "dask-worker"}
        assert network.connects(pod, scheduler, DASK) == expected
        expected = name in {"dask-scheduler", "dask-worker"}
        assert network.connects(pod, worker, DASK_WORKER) == expected
        # What the kubelet asks is for the kubelet.
        for cluster in (scheduler, worker):
            assert not network.connects(pod, cluster, 8787)
    for source in (CLIENT, PROMETHEUS, INGRESS, STRANGER, INTERNET):
        assert not network.enters(scheduler, source, DASK)
        assert not network.enters(worker, source, DASK_WORKER)
    assert network.connects(worker, pods["postgres"], 5432)
    assert not network.connects(scheduler, pods["postgres"], 5432)
    assert not network.connects(worker, pods["training"], TRAINING)
    for port in (80, 443):
        assert not network.leaves(worker, INTERNET, port)
        assert not network.leaves(scheduler, INTERNET, port)


def test_prometheus_reads_the_nodes_and_nobody_else_does():
    objects = rendering.overlay("platform/node-exporter")
    network, pods = Network(objects), by_component(objects)
    assert network.enters(pods["node-exporter"], PROMETHEUS, 9100)
    assert not network.enters(pods["node-exporter"], STRANGER, 9100)
