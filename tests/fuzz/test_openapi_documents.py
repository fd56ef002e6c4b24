"""Schemathesis asks both services for whatever their OpenAPI documents allow, and what they do not.

All of its checks are on. Nothing may be answered with an error of the service, and every answer
must be one that the document describes. The number of examples of each operation is bounded,
beside those that the tool derives from the document; `make proof` takes more. Who has no credential
is answered by one piece of code, whatever the operation.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from crispml_core.cli.services import Services, local_settings, make_stores

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
USE_CASE, SERVICES = "german_credit", ("scoring", "training")
SEED = 6


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Both services as they are started by default, with a version that answers."""
    folder = tmp_path_factory.mktemp("fuzzed")
    reference = f"{ROOT}/examples/{USE_CASE}/use_case.py:{USE_CASE}"
    settings = local_settings(folder, (reference,), None, None)
    settings = {**settings, "CRISPML_AUTH__MODE": "required"}
    make_stores(settings)
    with Services(folder, settings) as running, running.client() as client:
        client.training.wait(client.training.cycle(USE_CASE, promote=True))
        yield running


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("examples", [3, pytest.param(20, marks=pytest.mark.proof)])
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_keeps_to_its_document(
    services: Services, service: str, examples: int, tmp_path: Path
) -> None:
    options = ("--max-examples", str(examples))
    assert asked(services, service, services.key, tmp_path, options) > 500


@pytest.mark.parametrize("service", SERVICES)
def test_who_has_no_credential_is_answered_as_the_document_says(
    services: Services, service: str, tmp_path: Path
) -> None:
    options = ("--phases", "fuzzing", "--max-examples", "2")
    assert asked(services, service, None, tmp_path, options) > 50


def test_without_a_credential_the_probes_are_all_that_is_answered(services: Services) -> None:
    for service in ("scoring", "training"):
        url = services.urls[service]
        document = httpx.get(f"{url}/openapi.json").json()
        answered = {
            path
            for path, operations in document["paths"].items()
            if "get" in operations and httpx.get(url + path).status_code < 300
        }
        assert {path for path in answered if path.startswith("/api/")} == set()
        assert {"/livez", "/readyz", "/version"} <= answered


def test_no_key_is_in_a_list_of_processes(services: Services) -> None:
    assert services.key
    looked_at = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue  # it has ended, or is somebody else's
        looked_at += b"crispml" in told
        assert services.key.encode() not in told
    assert looked_at >= 2


def asked(
    services: Services, service: str, credential: str | None, folder: Path, options: Sequence[str]
) -> int:
    """Run schemathesis, find nothing, and return how many requests it made up."""
    done = ask(services, service, credential, folder, options)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    made_up = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert made_up is not None, done.stdout[-2_000:]
    assert "request_failed" not in services.log(service).read_text(encoding="utf-8")
    return int(made_up[1])


def ask(
    services: Services, service: str, credential: str | None, folder: Path, options: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run schemathesis; the credential is no argument, which others on this machine may see."""
    config = (FOLDER / "schemathesis.toml").read_text(encoding="utf-8")
    if credential is not None:
        config += '\n[headers]\nAuthorization = "Bearer ${FUZZ_CREDENTIAL}"\n'
    (folder / "schemathesis.toml").write_text(config, encoding="utf-8")
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "--config-file"),
        *(folder / "schemathesis.toml", "run", f"{services.urls[service]}/openapi.json"),
        *("--checks", "all", "--seed", str(SEED), "--no-color", "--no-shrink", *options),
    ]
    known = {"FUZZ_USE_CASE": USE_CASE, "FUZZ_MODEL": USE_CASE, "FUZZ_ALIAS": "champion"}
    known |= {"FUZZ_CREDENTIAL": credential or "", "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **known}, capture_output=True, text=True
    )
