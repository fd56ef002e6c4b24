"""`docker stop` ends a service by itself, at any moment of its life."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.containers.engine import CLOSED, docker, inspect

pytestmark = pytest.mark.usefixtures("images")

STORES = "/var/lib/crispml"
VARIABLES = {
    "CRISPML_DATABASE__URL": f"sqlite:///{STORES}/database/crispml.db",
    "CRISPML_REGISTRY__PATH": f"{STORES}/registry",
    "CRISPML_JOURNAL__PATH": f"{STORES}/registry/journal",
    "CRISPML_BATCH__PATH": f"{STORES}/registry/batches",
    "CRISPML_AUTH__MODE": "off",
    "CRISPML_SIGNING__MODE": "off",
}


@pytest.fixture(params=["training", "scoring"])
def start(request):
    """Start a service on fresh volumes, as the user of the image and with nothing to write to."""
    name = f"crispml-test-{uuid.uuid4().hex[:8]}"
    volumes = {part: f"{name}-{part}" for part in ("database", "registry")}
    mounts = [f"--volume={volume}:{STORES}/{part}" for part, volume in volumes.items()]
    variables = [f"--env={variable}={value}" for variable, value in VARIABLES.items()]
    options = (*CLOSED, *mounts, *variables, f"crispml-{request.param}")
    docker("run", "--rm", *options, "crispml", "db", "upgrade")
    yield lambda: docker("run", "--detach", "--name", name, *options) and name
    docker("rm", "--force", name)
    docker("volume", "rm", *volumes.values())


def stopped(name):
    begun = time.monotonic()
    docker("stop", "--time", "20", name)
    return inspect(name)["State"]["ExitCode"], time.monotonic() - begun


def test_a_service_ends_when_it_is_asked_to(start):
    name = start()
    deadline = time.monotonic() + 30
    while "Application startup complete" not in docker("logs", name).stdout:
        assert time.monotonic() < deadline, docker("logs", name).stdout
        time.sleep(0.1)
    status, seconds = stopped(name)
    assert status == 0
    assert seconds < 20, "it was killed"


def test_a_service_ends_while_it_still_starts(start):
    name = start()
    time.sleep(0.5)
    status, seconds = stopped(name)
    assert status == 0, docker("logs", name)
    assert seconds < 20, "it was killed"
    assert "Application startup complete" not in docker("logs", name).stdout
