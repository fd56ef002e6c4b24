"""The bill of materials of an image says what is in it, in a form that others read."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from scripts.sbom import SERVICES, write

ROOT = Path(__file__).parents[2]
BILL = "/opt/crispml/sbom.cdx.json"


def pinned(service):
    """The packages and versions that pip would install in the image of a service."""
    text = (ROOT / "requirements" / f"{service}.txt").read_text()
    found = re.findall(r"^([\w.-]+(?:\[[\w,]+\])?)==(\S+?)(?: ; (.*?))? \\$", text, re.MULTILINE)
    return {
        (canonicalize_name(name.partition("[")[0]), version)
        for name, version, marker in found
        if not re.search(
            r"< '3\.1[123]'|== 'win32'$|== 'PyPy'|platform_system == 'Windows'", marker
        )
    }


@pytest.fixture(scope="module")
def bills(tmp_path_factory):
    """Gives the bill of a service, which is made once."""

    @cache
    def made(service):
        file = tmp_path_factory.mktemp("sbom") / "sbom.json"
        write(service, file)
        return file

    return made


@pytest.fixture(scope="module", params=SERVICES)
def bill(request, bills):
    """The bill of a service, and which one that is."""
    return request.param, bills(request.param)


def test_it_is_valid_cyclonedx(bill):
    _, file = bill
    content = file.read_text()
    assert json.loads(content)["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content) is None


def test_it_lists_what_the_image_installs_and_nothing_else(bill):
    service, file = bill
    components = json.loads(file.read_text())["components"]
    listed = {(canonicalize_name(one["name"]), one["version"]) for one in components}
    assert listed == pinned(service)
    assert len(listed) == len(components) > 50


def test_each_package_has_the_digests_that_pip_asks_for(bill):
    service, file = bill
    text = (ROOT / "requirements" / f"{service}.txt").read_text()
    for component in json.loads(file.read_text())["components"]:
        (place,) = component["externalReferences"]
        assert place["hashes"]
        for digest in place["hashes"]:
            assert digest["alg"] == "SHA-256"
            assert f"sha256:{digest['content']}" in text


def test_the_same_requirements_give_the_same_bytes(bills, tmp_path):
    write("scoring", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == bills("scoring").read_bytes()


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_carries_the_bill_of_its_own_environment(service):
    lines = (ROOT / "services" / service / "Dockerfile").read_text()
    assert "--output-file /own/sbom.cdx.json /opt/crispml/bin/python" in lines
    assert "COPY --from=own /own /opt/crispml" in lines.rpartition("\nFROM ")[2]
    assert BILL in (ROOT / "docs" / "signatures.md").read_text()
