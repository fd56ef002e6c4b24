"""Signatures in memory."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from crispml_core.domain.errors import UntrustedSignature
from crispml_core.domain.signatures import Signature


class FakeSigner:
    """Signs with a name in the place of a key; see `crispml_core.ports.signer.Signer`.

    Parameters
    ----------
    name : str
        Two signers of one name have the same key.
    """

    def __init__(self, name: str = "a") -> None:
        self._secret = hashlib.sha256(name.encode()).digest()

    @property
    def key_id(self) -> str:
        """Which key signs."""
        return hashlib.sha256(self._secret).hexdigest()

    def sign(self, data: bytes) -> Signature:
        """Sign bytes."""
        return Signature(self.key_id, hmac.digest(self._secret, data, "sha512"))


class FakeVerifier:
    """Trusts some fake signers; see `crispml_core.ports.signer.Verifier`."""

    def __init__(self, trusted: Iterable[FakeSigner] = ()) -> None:
        self.trusted = {signer.key_id: signer for signer in trusted}

    def verify(self, data: bytes, signature: Signature) -> None:
        """Return if a trusted signer signed exactly these bytes."""
        signer = self.trusted.get(signature.key_id)
        if signer is None:
            raise UntrustedSignature("the key that signed it is not trusted here")
        if signer.sign(data) != signature:
            raise UntrustedSignature("its bytes are not those that were signed")

    def state(self) -> object:
        """Return something that differs after the keys changed."""
        return tuple(sorted(self.trusted))
