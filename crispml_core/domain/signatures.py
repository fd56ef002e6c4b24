"""Signatures: who vouches for bytes, in a file beside them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from crispml_core.domain.errors import UntrustedSignature

FILE = "signature.json"
# One signature has one form, so that no parser is needed before anything is trusted.
_FORM = re.compile(
    rb'\{"algorithm": "Ed25519", "key_id": "([0-9a-f]{64})", "value": "([A-Za-z0-9+/]{86}==)"\}\n'
)


@dataclass(frozen=True, slots=True)
class Signature:
    """An Ed25519 signature (RFC 8032) over some bytes.

    Parameters
    ----------
    key_id : str
        SHA-256 of the public key as DER (SubjectPublicKeyInfo), 64 hexadecimal digits.
    value : bytes
        The signature, 64 bytes.
    """

    key_id: str
    value: bytes

    def encode(self) -> bytes:
        """Return the one form in which it is stored: a line of JSON."""
        value = base64.b64encode(self.value).decode()
        text = f'{{"algorithm": "Ed25519", "key_id": "{self.key_id}", "value": "{value}"}}\n'
        return text.encode()

    @classmethod
    def decode(cls, content: bytes) -> Signature:
        """Read what `encode` wrote.

        Raises
        ------
        UntrustedSignature
            If it is anything else.
        """
        found = _FORM.fullmatch(content)
        if found is not None:
            signature = cls(found[1].decode(), base64.b64decode(found[2]))
            if signature.encode() == content:  # base64 may spell the same bytes in several ways
                return signature
        raise UntrustedSignature("the signature is not one of this release, or is damaged")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedVersion:
    """Who vouches for a version.

    Parameters
    ----------
    digest : str
        Of the version, see `crispml_core.domain.models.PublishedVersion`.
    key_id : str or None
        Which key signed it; None where signing is off.
    """

    model: str
    version: str
    digest: str
    key_id: str | None
