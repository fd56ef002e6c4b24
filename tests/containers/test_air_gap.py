"""An image is built of what `make wheelhouse` gathered, without a network."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
import yaml

from tests.containers.engine import ROOT, build, docker, inspect, timed

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def gathered(images):
    """What the verb gathered, in the folder that it takes by itself."""
    with timed("make wheelhouse"):
        done = subprocess.run([ROOT / "scripts" / "wheelhouse.sh"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return ROOT / "dist" / "air-gap"


def test_every_wheel_is_one_that_the_requirements_pin(gathered):
    pinned = "".join(
        (ROOT / "requirements" / f"{name}.txt").read_text()
        for name in ("training", "scoring", "console", "db2", "loadtest", "build", "sbom")
    )
    sums = dict(
        reversed(line.split("  ")) for line in (gathered / "SHA256SUMS").read_text().splitlines()
    )
    wheels = sorted((gathered / "wheels").iterdir())
    assert sorted(sums) == [wheel.name for wheel in wheels]
    assert len(wheels) > 80
    for wheel in wheels:
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() == sums[wheel.name]
        assert f"sha256:{sums[wheel.name]}" in pinned


def test_the_list_names_each_image_that_has_to_be_mirrored(gathered):
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    others = {
        service["image"].partition(":-")[2].rstrip("}")
        for service in services.values()
        if not service["image"].partition(":-")[2].startswith("crispml-")
    }
    listed = (gathered / "images.txt").read_text().splitlines()
    assert set(listed) == others | {"python:3.13-slim-trixie"}
    assert len(listed) == len(set(listed)) == 7


def test_an_image_is_built_without_a_network(gathered):
    image = "crispml-test-air-gap"
    with timed("an image of scoring from wheels, --network none"):
        build(
            *(image, "--network", "none"),
            *("--build-arg", "WHEELHOUSE=crispml-wheelhouse", "--build-arg", "PIP_NO_INDEX=1"),
            *("--file", ROOT / "services" / "scoring" / "Dockerfile", ROOT),
        )
    listed = [
        docker("run", "--rm", "--network", "none", name, "cat", "/opt/crispml/sbom.cdx.json").stdout
        for name in (image, "crispml-scoring")
    ]
    # From wheels or from a registry: the same packages.
    assert listed[0] == listed[1]
    assert inspect(image)["Size"] < 800e6
