"""The image of load tests has Locust and the client, and loads what docker compose started."""

from __future__ import annotations

import json
import subprocess

import pytest

from crispml_core import __version__
from tests.containers.engine import CLOSED, NOTES, ROOT, docker, timed

pytestmark = pytest.mark.proof

IMAGE = "crispml-loadtest"
NEEDED = ("loadtest.__main__", "loadtest.demo", "crispml_core.client", "locust", "influxdb_client")
# It asks over REST; whatever reads a table, a model or a database would be too much.
UNWANTED = ("pip", "pandas", "numpy", "sklearn", "sqlalchemy", "fastapi", "pydantic", "tests")
# A module each: Locust patches what others have imported.
FIND = """
import importlib.util, json, sys
print(json.dumps([name for name in sys.argv[1:] if importlib.util.find_spec(name)]))
"""


@pytest.fixture(scope="module")
def image(images):
    done = subprocess.run(
        [ROOT / "scripts" / "images.sh", "loadtest"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    NOTES.extend(f"          {line}" for line in done.stdout.splitlines())
    return IMAGE


def test_the_image_has_what_a_load_test_needs_and_nothing_of_the_services(image):
    closed = ("run", "--rm", "--network", "none", *CLOSED)
    told = docker(*closed, "--entrypoint", "python", image, "-c", FIND, *NEEDED, *UNWANTED)
    assert json.loads(told.stdout) == list(NEEDED)
    assert "--quick" in docker(*closed, image, "--help").stdout


BILL = """
import importlib.metadata, json
bill = json.load(open("/opt/crispml/sbom.cdx.json"))
listed = sorted((one["name"].lower(), one["version"]) for one in bill["components"])
there = sorted((d.name.lower(), d.version) for d in importlib.metadata.distributions())
print(json.dumps([listed, there]))
"""


def test_the_bill_of_the_image_lists_what_is_installed(image):
    run = ("run", "--rm", "--network", "none", *CLOSED, "--entrypoint", "python", image)
    listed, there = json.loads(docker(*run, "-c", BILL).stdout)
    # What the bill is about, of which load tests are a part.
    assert listed == [one for one in there if one != ["crispml-core", __version__]]


def test_a_load_of_compose_loses_nothing_and_ends_with_its_verdict(image, stack):
    project = stack(LOADTEST_IMAGE=image)
    asked = ["--train", "--quick", "--seconds", "10", "--rate", "60", "--json"]
    with timed("a load test of docker compose"):
        key = f"CRISPML_API_KEY={project.key}"
        run = ("run", "--no-TTY", "--rm", "--env", key, "loadtest", *asked)
        done = project.compose(*run, check=False)
    assert done.stdout, done.stderr[-2000:]
    result = json.loads(done.stdout)
    missed = [one["name"] for one in result["thresholds"] if one["verdict"] == "missed"]
    # On a busy machine requests wait behind others until the load ends; all else must hold.
    assert set(missed) <= {"unsent_share"}
    assert done.returncode == (1 if missed else 0)
    assert result["acknowledged"] == result["in_ledger"] > 100
    assert result["by_request"]["mixed: label"]["answered"] > 0
