"""Subjects on the command line: no name in an address, and none in the list of processes."""

from __future__ import annotations

import json

import pytest

from crispml_core.adapters.signing import Ed25519Signer, make_key
from crispml_core.domain.erasures import signed_bytes

PATH = "/api/v1/subjects/-"
PERSON = "Kanaria Zwitscherling"


@pytest.fixture
def certificate(tmp_path):
    """A certificate as the service signs it, and the folder of the key that is trusted."""
    make_key(tmp_path / "key.pem", tmp_path / "trusted")
    content = {
        "kind": "erasure",
        "erasure_id": "e-1",
        "erased_at": "2026-05-01T00:00:00+00:00",
        "requested_by": "key:dpo",
        "key_made_at": "2026-01-01T00:00:00+00:00",
        "use_cases": {
            "credit": {
                "scores": 3,
                "labels": 1,
                "fields": {"encrypt": ["street"], "keep": ["age"]},
            }
        },
        "data_sets": [{"id": "d-1", "ends_with_key": False}],
    }
    signature = Ed25519Signer(tmp_path / "key.pem").sign(signed_bytes(content))
    return content | {"signature": {"key_id": signature.key_id, "value": signature.value.hex()}}


def answer(certificate, **changes):
    return {"certificate": certificate, "is_new": True, "files_are_clean": True} | changes


def test_a_person_comes_from_standard_input_and_goes_in_a_header(crispml_cli, services):
    services.on("GET", PATH, {"kind": "subject", "scores": []})

    shown = crispml_cli("subjects", "show", input=f"{PERSON}\n")

    assert json.loads(shown.stdout)["kind"] == "subject"
    (request,) = services.requests
    assert request.headers["Crispml-Subject"] == "Kanaria%20Zwitscherling"
    assert "Kanaria" not in str(request.url)


def test_an_erasure_says_what_is_unreadable_and_what_is_left(
    crispml_cli, services, certificate, tmp_path
):
    services.on("DELETE", PATH, answer(certificate))
    file = tmp_path / "certificate.json"

    told = crispml_cli(
        "subjects", "erase", "--reason", "case", "--certificate", str(file), input=PERSON
    ).stdout

    assert services.requests[0].url.params["reason"] == "case"
    assert "unreadable: street" in told
    assert "kept as declared: age" in told
    assert "in clear: d-1" in told
    assert PERSON not in told
    assert json.loads(file.read_text()) == certificate


def test_files_that_the_service_cannot_clean_are_named(crispml_cli, services, certificate):
    services.on("DELETE", PATH, answer(certificate, is_new=False, files_are_clean=False))

    told = crispml_cli("subjects", "erase", input=PERSON).stdout

    assert "erased before" in told
    assert "docs/erasure.md" in told


@pytest.mark.parametrize("made_at", [None, "2026-01-01T00:00:00+00:00"])
def test_it_is_said_when_there_was_nothing_to_make_unreadable(
    crispml_cli, services, certificate, made_at
):
    services.on("DELETE", PATH, answer(certificate | {"key_made_at": made_at}))

    told = crispml_cli("subjects", "erase", input=PERSON).stdout

    assert ("stays readable" in told) == (made_at is None)


def test_without_a_person_nothing_is_asked(crispml_cli, services):
    assert crispml_cli("subjects", "erase", input="").exit_code == 2
    assert services.requests == []


def test_a_certificate_is_verified_without_a_service(crispml_cli, certificate, tmp_path):
    file = tmp_path / "certificate.json"
    trusted = str(next(path for path in (tmp_path / "trusted").rglob("*.pem")).parent)

    def verify(content):
        file.write_text(json.dumps(content, indent=4))
        return crispml_cli("subjects", "verify-certificate", str(file), "--trusted", trusted)

    assert verify(certificate).exit_code == 0
    assert verify(certificate | {"requested_by": "key:other"}).exit_code == 1
    assert verify({**certificate, "kind": "something"}).exit_code == 1
    assert (
        verify({name: certificate[name] for name in certificate if name != "signature"}).exit_code
        == 1
    )
    assert verify([]).exit_code == 1
