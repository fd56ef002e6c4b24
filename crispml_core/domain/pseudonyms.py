"""Names in place of identifiers, which only who has the key can make, and nobody can turn back.

A pseudonym is ``<id of the key>.<40 hexadecimal digits>``: the first 160 bits of an HMAC-SHA256
(RFC 2104). Each field of each use case has a key of its own, derived from the secret one, so that
equal values of two fields do not show that they are equal.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from crispml_core.domain.errors import InvalidInput

KEY_BYTES = 32
DIGITS = 40
_SHA256_BLOCK = 64
_LINE = re.compile(r"([a-z][a-z0-9]{0,7}) ([A-Za-z0-9_-]{43}=?)")


@dataclass(frozen=True)
class SecretKey:
    """One version of a secret key.

    Parameters
    ----------
    key_id : str
        Names the version; it is part of what is made with it.
    secret : bytes
        256 random bits.
    """

    key_id: str
    secret: bytes = field(repr=False)

    def derived(self, *purpose: str) -> bytes:
        """Return the key for one purpose: HMAC-SHA256 over its parts, each with its length."""
        parts = (part.encode() for part in purpose)
        return hmac.digest(
            self.secret, b"".join(len(part).to_bytes(4) + part for part in parts), "sha256"
        )


@dataclass(frozen=True)
class SecretKeys:
    """All versions of a secret key: the first is for what must stay the same, the last is newest.

    Parameters
    ----------
    keys : tuple of SecretKey
        At least one.
    """

    keys: tuple[SecretKey, ...]

    @classmethod
    def parse(cls, text: str) -> SecretKeys:
        """Read the lines of a key file: the id of a key, a blank, 32 bytes in URL-safe base64.

        Raises
        ------
        InvalidInput
            If a line is none, or two have the same id.
        """
        keys = [_key(line) for line in text.splitlines() if line.strip()]
        if not keys or len({key.key_id for key in keys}) < len(keys):
            raise InvalidInput("a key file has at least one key, and no two of the same id")
        return cls(tuple(keys))

    @property
    def first(self) -> SecretKey:
        """The version that never changes."""
        return self.keys[0]

    @property
    def newest(self) -> SecretKey:
        """The version for what is made now."""
        return self.keys[-1]

    @cached_property
    def by_id(self) -> dict[str, SecretKey]:
        """The versions by their ids."""
        return {key.key_id: key for key in self.keys}


def key_line(key_id: str, secret: bytes) -> str:
    """Return the line of a key file."""
    return f"{key_id} {base64.urlsafe_b64encode(secret).decode()}\n"


def _key(line: str) -> SecretKey:
    match = _LINE.fullmatch(line.strip())
    try:
        if match is not None:
            secret = base64.urlsafe_b64decode(match[2].rstrip("=") + "=")
            if len(secret) == KEY_BYTES:
                return SecretKey(match[1], secret)
    except binascii.Error:
        pass
    raise InvalidInput("a line of a key file is an id, a blank and 32 bytes in URL-safe base64")


def pseudonymiser(key: SecretKey, use_case: str, field: str) -> Callable[[Any], str]:
    """Return the function from a value of a field that is not missing to its pseudonym."""
    digest, prefix = _hmac(key.derived("pseudonym", use_case, field)), f"{key.key_id}."
    return lambda value: prefix + digest(text_of(value).encode()).hex()[:DIGITS]


def text_of(value: Any) -> str:
    """Return the one text of an identifier, whatever its type."""
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else str(value)


def subject_identifier(key: SecretKey) -> Callable[[Any], str]:
    """Return the function from a data subject to the id of its key, of 64 hexadecimal digits."""
    digest = _hmac(key.derived("subject"))
    return lambda subject: digest(text_of(subject).encode()).hex()


def blinded(key: SecretKey, digest: str) -> str:
    """Return the digest of a request as nobody can make it who only knows what may be in it."""
    return hmac.digest(key.derived("fingerprint"), digest.encode(), "sha256").hex()


def _hmac(secret: bytes) -> Callable[[bytes], bytes]:
    """Return HMAC-SHA256 with a key of at most 64 bytes.

    The two blocks that the key makes are digested once and not for each value, which takes a
    quarter of the time of `hmac.digest`: it sets up its key anew each time.
    """
    block = secret.ljust(_SHA256_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(content: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(content)
        second.update(first.digest())
        return second.digest()

    return digest
