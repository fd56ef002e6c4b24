"""`docker compose up`: the whole cycle from outside, and in a network without a route out."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from crispml_core.cli.tour import take_tour
from tests.containers.engine import ROOT, docker, timed

AIRGAP = ROOT / "deploy" / "compose.airgap.yml"
REGISTRY = "/var/lib/crispml/registry"
# Whether packets come out: the router of this machine answers a connection, if only by refusing.
ASK_ROUTER = """
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


def router():
    """The address of the router of this machine, as the kernel has it."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        _, destination, gateway, *_ = line.split()
        if destination == "00000000":
            return socket.inet_ntoa(struct.pack("<L", int(gateway, 16)))
    pytest.skip("this machine has no router to ask")


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


def test_the_whole_cycle_passes_without_a_route_out(stack):
    project = stack((), (AIRGAP,))
    project.up()
    for service in ("training", "scoring"):
        asked = ("python", "-I", "-c", ASK_ROUTER, router())
        assert docker("exec", project.container(service), *asked).stdout == "silence\n"
    with project.client(inside=True) as client:
        take_whole_tour(client)


def test_another_network_has_a_route_out(images):
    """Or the silence in the test above would prove nothing."""
    asked = ("crispml-scoring", "python", "-I", "-c", ASK_ROUTER, router())
    if docker("run", "--rm", *asked).stdout != "an answer\n":
        pytest.skip("the router of this machine answers nobody")
