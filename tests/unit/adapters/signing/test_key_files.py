"""Private keys that only their owner reads, and folders of public ones."""

from __future__ import annotations

import hashlib
import os
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crispml_core.adapters.signing import Ed25519Signer, TrustedKeys, make_key
from crispml_core.domain.errors import InvalidInput, NotReady

DATA = b"bytes"


@pytest.fixture
def file(tmp_path):
    make_key(tmp_path / "keys" / "key.pem", tmp_path / "trusted")
    return tmp_path / "keys" / "key.pem"


def test_the_private_key_is_for_its_owner_only(file, tmp_path):
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(file.parent) == [file.name]
    assert os.listdir(tmp_path / "trusted") == [f"{Ed25519Signer(file).key_id}.pem"]


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o644, 0o666, 0o700])
def test_a_key_that_others_can_read_or_change_is_not_used(file, mode):
    file.chmod(mode)
    with pytest.raises(InvalidInput, match=r"KEY_FILE names: chmod 600"):
        Ed25519Signer(file)


def test_a_key_is_never_replaced(file, tmp_path):
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        make_key(file, tmp_path / "trusted")

    assert file.read_bytes() == before
    assert os.listdir(tmp_path / "trusted") == [f"{Ed25519Signer(file).key_id}.pem"]


@pytest.mark.parametrize("content", [b"", b"no key", None], ids=["empty", "text", "rsa"])
def test_what_is_no_key_is_refused_by_the_name_of_the_setting(tmp_path, content):
    if content is None:
        key = generate_private_key(65537, 2048)
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(content)
    (tmp_path / "key.pem").chmod(0o600)

    with pytest.raises(InvalidInput, match="CRISPML_SIGNING__KEY_FILE names no Ed25519 key"):
        Ed25519Signer(tmp_path / "key.pem")


def test_a_missing_key_says_how_to_make_one(tmp_path):
    with pytest.raises(InvalidInput, match="crispml signing new-key"):
        Ed25519Signer(tmp_path / "key.pem")


def test_what_is_no_public_key_is_named(file, tmp_path):
    signature = Ed25519Signer(file).sign(DATA)
    (tmp_path / "trusted" / "notes.pem").write_text("no key")

    with pytest.raises(NotReady, match=r"notes\.pem is no public Ed25519 key"):
        TrustedKeys(tmp_path / "trusted").verify(DATA, signature)


def test_a_private_key_among_the_public_ones_is_none(file, tmp_path):
    signature = Ed25519Signer(file).sign(DATA)
    (tmp_path / "trusted" / "mine.pem").write_bytes(file.read_bytes())

    with pytest.raises(NotReady, match=r"mine\.pem"):
        TrustedKeys(tmp_path / "trusted").verify(DATA, signature)


def test_openssl_agrees(file, tmp_path):
    signer = Ed25519Signer(file)
    public = tmp_path / "trusted" / f"{signer.key_id}.pem"
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "value").write_bytes(signer.sign(DATA).value)

    asked = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin"]
    asked += ["-in", tmp_path / "data", "-sigfile", tmp_path / "value"]
    subprocess.run(asked, check=True, capture_output=True)
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", public, "-outform", "DER"],
        check=True,
        capture_output=True,
    ).stdout
    assert hashlib.sha256(der).hexdigest() == signer.key_id
