"""`docker compose up`: the whole cycle from outside, and in a network without a route out."""

from __future__ import annotations

import pytest

from crispml_core.cli.tour import take_tour
from tests.containers.beyond import machine_beyond
from tests.containers.engine import ROOT, docker, timed

AIRGAP = ROOT / "deploy" / "compose.airgap.yml"
REGISTRY = "/var/lib/crispml/registry"
# Whether packets come out: a machine behind this one answers a connection, if only by refusing.
ASK_BEYOND = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), timeout=3).close()
except TimeoutError:
    print("silence")
except OSError as error:
    print("silence" if error.errno in (101, 113) else "an answer")
else:
    print("an answer")
"""


@pytest.fixture(scope="module")
def beyond(images):
    """The command that a container asks the machine behind this one with."""
    with machine_beyond() as address:
        yield ("python", "-I", "-c", ASK_BEYOND, address)


def take_whole_tour(client):
    """Run the nine methods over REST; raises unless the scores verify to the training report."""
    with timed("the whole cycle: train, score, label, report"):
        tour = take_tour(client, "german_credit", seed=1, report=lambda share, stage: None)
    assert tour.scored > 0
    return tour


def test_the_whole_cycle_passes_from_outside(stack):
    """A user with the printed key trains, scores, labels and verifies over the published ports."""
    project = stack()
    project.up()
    with project.client() as client:
        take_whole_tour(client)
    # Scoring has the registry and the keys without the right to change them.
    for path in (REGISTRY, "/var/lib/crispml/trusted", "/var/lib/crispml/privacy", "/opt/crispml"):
        tried = docker(
            "exec", project.container("scoring"), "sh", "-c", f"touch {path}/x", check=False
        )
        assert "Read-only file system" in tried.stderr, path
    assert docker(
        "exec", project.container("scoring"), "sh", "-c", "ls /var/lib/crispml/keys", check=False
    ).returncode


def test_the_whole_cycle_passes_without_a_route_out(stack, beyond):
    project = stack((), (AIRGAP,))
    project.up()
    for service in ("training", "scoring"):
        assert docker("exec", project.container(service), *beyond).stdout == "silence\n"
    with project.client(inside=True) as client:
        take_whole_tour(client)


def test_another_network_has_a_route_out(beyond):
    """Or the silence in the test above would prove nothing."""
    assert docker("run", "--rm", "crispml-scoring", *beyond).stdout == "an answer\n"
