"""Signing with the private key of a file."""

from __future__ import annotations

from pathlib import Path

from crispml_core.adapters.signing.key_files import read_private
from crispml_core.adapters.signing.key_ids import key_id_of
from crispml_core.domain.signatures import Signature


class Ed25519Signer:
    """Signs with one key; see `crispml_core.ports.signer.Signer`.

    Parameters
    ----------
    file : Path
        Private key as PEM (PKCS 8), without a password.

    Raises
    ------
    InvalidInput
        If there is no such key, or others can read it.
    """

    def __init__(self, file: Path) -> None:
        self._key = read_private(file)
        self._key_id = key_id_of(self._key.public_key())

    @property
    def key_id(self) -> str:
        """Which key signs."""
        return self._key_id

    def sign(self, data: bytes) -> Signature:
        """Sign bytes; the same key gives the same signature for the same bytes."""
        return Signature(self._key_id, self._key.sign(data))
