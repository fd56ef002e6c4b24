"""Encrypted values: one text per value, which only the key of its data subject opens.

A cell is ``enc1.`` and, in URL-safe base64, a random nonce of 96 bits, the ciphertext of AES-256 in
the Galois/Counter Mode (NIST SP 800-38D) and its tag of 128 bits. What is encrypted is the value as
JSON, filled up with blanks to a multiple of 16 bytes. The use case, the field and the id of the key
are associated data, so a cell that is moved to another place does not open.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crispml_core.domain.subjects import Hidden

PREFIX = "enc1."
Key: TypeAlias = "AESGCM | Hidden"
"""What encrypts and decrypts, or why nothing does."""

_NONCE_BYTES = 12
_BLOCK = 16


def bound_to(use_case: str, field: str, subject_key_id: str) -> bytes:
    """Return the associated data of a cell."""
    return f"{use_case}\0{field}\0{subject_key_id}".encode()


def sealed(
    use_case: str,
    field: str,
    values: Sequence[Any],
    subject_key_ids: Sequence[str | None],
    keys: Sequence[Key],
) -> list[str | None]:
    """Encrypt the values of a field, one per record; where there is no key, say why.

    What is missing stays missing.
    """
    cells: list[str | None] = []
    for value, key_id, key in zip(values, subject_key_ids, keys, strict=True):
        if value is None:
            cells.append(None)
        elif isinstance(key, Hidden) or key_id is None:
            cells.append(str(key if isinstance(key, Hidden) else Hidden.WITHHELD))
        else:
            cells.append(_sealed(value, key, bound_to(use_case, field, key_id)))
    return cells


def _sealed(value: Any, key: AESGCM, bound: bytes) -> str:
    plain = msgspec.json.encode(value.isoformat() if isinstance(value, date) else value)
    padded = plain.ljust(-len(plain) % _BLOCK + len(plain))
    nonce = os.urandom(_NONCE_BYTES)
    return PREFIX + base64.urlsafe_b64encode(nonce + key.encrypt(nonce, padded, bound)).decode()


def opened(cell: str, key: Key, bound: bytes) -> Any:
    """Return the value of a cell, or why there is none: dates and moments are text.

    Raises
    ------
    ValueError
        If the cell was altered, or belongs elsewhere.
    """
    if not cell.startswith(PREFIX):
        return Hidden(cell)
    if isinstance(key, Hidden):
        return key
    try:
        content = base64.urlsafe_b64decode(cell[len(PREFIX) :])
        return msgspec.json.decode(
            key.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], bound)
        )
    except (ValueError, InvalidTag):  # too short, no base64, no JSON; or not what was encrypted
        raise ValueError("an encrypted value was altered, or stands in another's place") from None
