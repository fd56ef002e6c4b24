"""Pipelines talk to whom they have to, and nobody but the listener is asked."""

from __future__ import annotations

import pytest

from tests.manifests import rendering
from tests.manifests.network import (
    DNS,
    INGRESS,
    INTERNET,
    METADATA,
    PRIVATE,
    STRANGER,
    Network,
    Peer,
    by_component,
)
from tests.tekton.files import RESOURCES

BUILD, ROLLOUT = "crispml-build", "crispml-rollout"
STEP = Peer(labels={"app.kubernetes.io/managed-by": "tekton-pipelines"})
LISTENER = Peer(labels={"eventlistener": "gitlab"})
INTERCEPTORS = Peer(
    labels={"app.kubernetes.io/name": "core-interceptors"},
    namespace={"kubernetes.io/metadata.name": "tekton-pipelines"},
)


def labels(namespace: str) -> dict[str, str]:
    (found,) = [one for one in RESOURCES if (one.kind, one.name) == ("Namespace", namespace)]
    own: dict[str, str] = found.content["metadata"]["labels"]
    return {**own, "kubernetes.io/metadata.name": namespace}


def seen_from(namespace: str, peer: Peer) -> Peer:
    """Return a pod of a namespace as it looks from another one."""
    return Peer(labels=peer.labels, namespace=labels(namespace))


def network(namespace: str) -> Network:
    """Return the policies of one of the two namespaces."""
    return Network([one.content for one in RESOURCES if namespace in (one.name, one.namespace)])


@pytest.mark.parametrize("namespace", [BUILD, ROLLOUT])
def test_a_step_asks_for_names_and_reaches_others_by_https_only(namespace: str) -> None:
    found = network(namespace)
    assert found.leaves(STEP, DNS, 53, "UDP")
    for other in (INTERNET, PRIVATE):
        assert found.leaves(STEP, other, 443)
        for port in (22, 80, 5432, 8080, 50000):
            assert not found.leaves(STEP, other, port)
    for port in (80, 443):
        assert not found.leaves(STEP, METADATA, port)


@pytest.mark.parametrize("namespace", [BUILD, ROLLOUT])
def test_nobody_asks_a_step(namespace: str) -> None:
    found = network(namespace)
    for source in (STEP, LISTENER, INGRESS, STRANGER, INTERNET):
        for port in (443, 8080, 8101):
            assert not found.enters(STEP, source, port)


def test_only_rollouts_reach_the_api_server_at_its_own_port() -> None:
    assert network(ROLLOUT).leaves(STEP, PRIVATE, 6443)
    assert not network(BUILD).leaves(STEP, PRIVATE, 6443)


def test_events_reach_the_listener_from_the_ingress_and_the_builder() -> None:
    build, rollout = network(BUILD), network(ROLLOUT)
    assert build.leaves(STEP, seen_from(ROLLOUT, LISTENER), 8080)
    assert rollout.enters(LISTENER, seen_from(BUILD, STEP), 8080)
    assert rollout.enters(LISTENER, INGRESS, 8080)
    for source in (STEP, STRANGER, INTERNET):
        assert not rollout.enters(LISTENER, source, 8080)
    assert rollout.leaves(LISTENER, INTERCEPTORS, 8443)
    assert not rollout.leaves(STEP, INTERCEPTORS, 8443)


@pytest.mark.parametrize("environment", ["dev", "qa", "prod"])
def test_rollouts_ask_the_services_of_each_environment_and_builds_do_not(environment: str) -> None:
    objects = rendering.overlay(f"overlays/{environment}")
    there, pods = Network(objects), by_component(objects)
    (space,) = [one for one in objects if one["kind"] == "Namespace"]
    for component, port in (("training", 8101), ("scoring", 8102), ("console", 8103)):
        service = pods[component]
        seen = Peer(labels=service.labels, namespace=space["metadata"]["labels"])
        assert network(ROLLOUT).leaves(STEP, seen, port)
        assert there.enters(service, seen_from(ROLLOUT, STEP), port)
        assert not network(BUILD).leaves(STEP, seen, port)
        assert not there.enters(service, seen_from(BUILD, STEP), port)
