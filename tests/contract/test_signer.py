"""What every signer and verifier promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from crispml_core.adapters.signing import Ed25519Signer, TrustedKeys, make_key
from crispml_core.domain.errors import UntrustedSignature
from crispml_core.domain.signatures import Signature
from crispml_core.ports.signer import Signer, Verifier
from crispml_core.testing.fakes.signer import FakeSigner, FakeVerifier

DATA = b"what is signed"


@dataclass
class Keys:
    """Signers of which a verifier knows some."""

    new: Callable[[str], Signer]
    distrust: Callable[[Signer], None]
    verifier: Verifier


@pytest.fixture(params=["fake", "ed25519"])
def keys(request, tmp_path: Path) -> Keys:
    if request.param == "fake":
        verifier = FakeVerifier()

        def new(name: str) -> Signer:
            signer = FakeSigner(name)
            verifier.trusted[signer.key_id] = signer
            return signer

        return Keys(new, lambda signer: verifier.trusted.pop(signer.key_id), verifier)

    trusted = tmp_path / "trusted"

    def make(name: str) -> Signer:
        make_key(tmp_path / f"{name}.pem", trusted)
        return Ed25519Signer(tmp_path / f"{name}.pem")

    def distrust(signer: Signer) -> None:
        (trusted / f"{signer.key_id}.pem").unlink()

    return Keys(make, distrust, TrustedKeys(trusted))


def test_what_was_signed_is_verified(keys):
    signer = keys.new("a")
    signature = signer.sign(DATA)

    assert signature.key_id == signer.key_id
    keys.verifier.verify(DATA, signature)
    keys.verifier.verify(DATA, Signature.decode(signature.encode()))


def test_the_same_bytes_get_the_same_signature(keys):
    signer = keys.new("a")
    assert signer.sign(DATA) == signer.sign(DATA)
    assert signer.sign(DATA) != signer.sign(DATA + b".")
    assert signer.sign(DATA) != keys.new("b").sign(DATA)


@pytest.mark.parametrize("position", [0, len(DATA) // 2, len(DATA) - 1])
def test_an_altered_byte_is_refused(keys, position):
    signature = keys.new("a").sign(DATA)
    altered = bytearray(DATA)
    altered[position] ^= 1

    with pytest.raises(UntrustedSignature, match="not those that were signed"):
        keys.verifier.verify(bytes(altered), signature)


@pytest.mark.parametrize("position", range(0, 64, 21))
def test_an_altered_signature_is_refused(keys, position):
    signature = keys.new("a").sign(DATA)
    value = bytearray(signature.value)
    value[position] ^= 1

    with pytest.raises(UntrustedSignature):
        keys.verifier.verify(DATA, Signature(signature.key_id, bytes(value)))


def test_a_signature_does_not_count_under_the_name_of_another_key(keys):
    one, other = keys.new("a"), keys.new("b")
    with pytest.raises(UntrustedSignature):
        keys.verifier.verify(DATA, Signature(other.key_id, one.sign(DATA).value))


def test_keys_rotate(keys):
    old = keys.new("old")
    by_old = old.sign(DATA)
    before = keys.verifier.state()
    new = keys.new("new")

    keys.verifier.verify(DATA, by_old)
    keys.verifier.verify(DATA, new.sign(DATA))
    assert keys.verifier.state() != before

    keys.distrust(old)
    with pytest.raises(UntrustedSignature, match="not trusted here"):
        keys.verifier.verify(DATA, by_old)
    keys.verifier.verify(DATA, new.sign(DATA))
