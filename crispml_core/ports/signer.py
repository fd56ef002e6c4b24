"""Vouching for bytes, and asking whether somebody trusted did.

The same key signs manifests of versions, indexes of bundles and heads of the audit log. Each of
them says in its own bytes what it is, so that no signature over one passes for another.
"""

from __future__ import annotations

from typing import Protocol

from crispml_core.domain.signatures import Signature


class Signer(Protocol):
    """Holds a private key; only the training service has one."""

    @property
    def key_id(self) -> str:
        """Which key signs; see `crispml_core.domain.signatures.Signature`."""
        ...

    def sign(self, data: bytes) -> Signature:
        """Sign bytes; the same key gives the same signature for the same bytes."""
        ...


class Verifier(Protocol):
    """Knows the public keys that an environment trusts."""

    def verify(self, data: bytes, signature: Signature) -> None:
        """Return if a trusted key signed exactly these bytes.

        Raises
        ------
        UntrustedSignature
            If the key is not trusted, or the bytes are not those that were signed.
        """
        ...

    def state(self) -> object:
        """Return something that differs after the trusted keys changed; cheap enough to poll."""
        ...
