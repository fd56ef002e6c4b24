"""Nothing of a version on a volume is parsed before its signature was asked for."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest

from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.domain.errors import CrispMLError, RegistryDamaged, UntrustedSignature
from crispml_core.testing.fakes.signer import FakeSigner, FakeVerifier
from tests.contract.test_model_registry import manifest

SIGNER = FakeSigner("a")
VERSION = manifest().version


@pytest.fixture
def folder(tmp_path):
    registry = VolumeModelRegistry(tmp_path, SIGNER, FakeVerifier([SIGNER]))
    registry.publish(manifest(), {"golden.json": b"[]", "model.skops": b"m"})
    return tmp_path / "models" / "credit" / VERSION


@pytest.fixture
def opened(tmp_path):
    """Open the registry as a service does that starts now."""
    return lambda: VolumeModelRegistry(tmp_path, SIGNER, FakeVerifier([SIGNER]))


class NoParser:
    """Stands for a parser; whoever asks it has not asked for the signature before."""

    def __init__(self, kind):
        pass

    def decode(self, content):
        raise AssertionError("this was parsed")


CHANGES = {
    "a byte": lambda content: content.replace(b'"threshold": 0.2', b'"threshold": 0.3'),
    "a space": lambda content: content + b" ",
    "cut": lambda content: content[:-2],
    "nothing": lambda content: b"",
    "a bomb": lambda content: b"[" * 1_000_000,
    "another type": lambda content: content.replace(b"sklearn.tree._tree.Tree", b"os.system"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_altered_manifest_is_refused_unread(folder, opened, change, monkeypatch):
    file = folder / "manifest.json"
    file.write_bytes(change(file.read_bytes()))
    monkeypatch.setattr(msgspec.json, "Decoder", NoParser)

    with pytest.raises(UntrustedSignature, match=f"credit/{VERSION} is not used"):
        opened().get("credit", VERSION)
    assert opened().versions("credit") == []


SIGNATURES = {
    "missing": lambda content: None,
    "empty": lambda content: b"",
    "short": lambda content: content[:-1],
    "huge": lambda content: content * 100_000,
    "a bomb": lambda content: b"[" * 1_000_000,
    "another key": lambda content: FakeSigner("b").sign(b"x").encode(),
    "of other bytes": lambda content: SIGNER.sign(b"other bytes").encode(),
}


@pytest.mark.parametrize("change", SIGNATURES.values(), ids=SIGNATURES)
def test_a_version_without_its_signature_is_refused_unread(folder, opened, change, monkeypatch):
    file = folder / "signature.json"
    content = change(file.read_bytes())
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    monkeypatch.setattr(msgspec.json, "Decoder", NoParser)

    with pytest.raises(UntrustedSignature, match=f"credit/{VERSION} is not used"):
        opened().get("credit", VERSION)


def test_a_manifest_that_fits_its_files_again_is_refused_without_the_key(folder, opened):
    (folder / "model.skops").write_bytes(b"evil")
    file = folder / "manifest.json"
    changed = json.loads(file.read_bytes())
    for entry in changed["files"]:
        if entry["name"] == "model.skops":
            entry |= {"size": 4, "sha256": hashlib.sha256(b"evil").hexdigest()}
    file.write_bytes(json.dumps(changed).encode())

    with pytest.raises(UntrustedSignature):
        opened().read("credit", VERSION, "model.skops")


def test_what_was_read_before_is_not_remembered_for_altered_bytes(folder, opened):
    registry = opened()
    assert registry.get("credit", VERSION)
    file = folder / "manifest.json"
    file.write_bytes(file.read_bytes() + b" ")

    with pytest.raises(UntrustedSignature):
        registry.get("credit", VERSION)


def test_a_damaged_version_gets_no_new_signature(folder, opened):
    (folder / "model.skops").write_bytes(b"x")
    (folder / "signature.json").unlink()
    registry = opened()

    with pytest.raises(RegistryDamaged, match=r"model\.skops of the registry is not what"):
        registry.sign("credit", VERSION, registry.raw_digest("credit", VERSION))
    assert not (folder / "signature.json").exists()


def test_a_manifest_that_names_a_file_elsewhere_gets_no_signature(folder, opened):
    file = folder / "manifest.json"
    changed = json.loads(file.read_bytes())
    changed["files"][0]["name"] = "../../../outside"
    file.write_bytes(json.dumps(changed).encode())
    registry = opened()

    with pytest.raises(CrispMLError, match=r"manifest\.json of the registry names a wrong file"):
        registry.sign("credit", VERSION, registry.raw_digest("credit", VERSION))
