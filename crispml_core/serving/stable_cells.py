"""Encrypted values of data sets: the same value of the same person always makes the same cell.

A data set is named by the digest of what is stored, so what is stored must not depend on chance: a
random nonce would give the same data a new name each time. So these cells are made by AES-SIV
(RFC 5297), which derives its nonce from the value and from what it is bound to, and stays secure
when the same comes twice. What it shows is that two rows of one person have equal values in one
column, and nothing about different persons: each has a key of their own.

A cell is ``siv1.`` and, in URL-safe base64, the tag of 128 bits and the ciphertext of AES-256. What
is encrypted is the value in MessagePack, filled up to a multiple of 16 bytes. Use case, column and
the id of the key are associated data, so a cell that is moved to another place does not open.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from crispml_core.domain.pseudonyms import SecretKey
from crispml_core.domain.subjects import Hidden

PREFIX = "siv1."
StableKey: TypeAlias = "AESSIV | Hidden"
"""What encrypts and decrypts, or why nothing does."""

_BLOCK = 16


def stable_cipher(secret: bytes) -> AESSIV:
    """Return what makes the cells of a data subject out of its key."""
    key = SecretKey("subject", secret)
    return AESSIV(key.derived("data sets", "mac") + key.derived("data sets", "ctr"))


def sealed(
    use_case: str,
    column: str,
    values: Sequence[Any],
    subject_key_ids: Sequence[str | None],
    keys: Sequence[StableKey],
) -> list[str | None]:
    """Encrypt the values of a column, one per row.

    What is missing stays missing, and so does what belongs to a person whose key is destroyed.

    Raises
    ------
    ValueError
        If there is no key for a person because it cannot be had at the moment.
    """
    cells: list[str | None] = []
    for value, key_id, key in zip(values, subject_key_ids, keys, strict=True):
        if value is None or key is Hidden.ERASED:
            cells.append(None)
        elif isinstance(key, Hidden) or key_id is None:
            raise ValueError("there is no key to encrypt with")
        else:
            content = key.encrypt(_padded(value), _bound(use_case, column, key_id))
            cells.append(PREFIX + base64.urlsafe_b64encode(content).decode())
    return cells


def opened(
    use_case: str,
    column: str,
    cells: Sequence[str | None],
    subject_key_ids: Sequence[str | None],
    keys: Sequence[StableKey],
) -> list[Any]:
    """Decrypt the cells of a column; dates and moments are texts, what is erased is missing.

    Raises
    ------
    ValueError
        If a cell was altered, belongs elsewhere, or is none.
    """
    values: list[Any] = []
    for cell, key_id, key in zip(cells, subject_key_ids, keys, strict=True):
        if cell is None or key_id is None or isinstance(key, Hidden):
            values.append(None)
            continue
        try:
            content = base64.urlsafe_b64decode(cell.removeprefix(PREFIX))
            plain = key.decrypt(content, _bound(use_case, column, key_id))
            values.append(msgspec.msgpack.decode(plain[: -plain[-1]]))
        except (binascii.Error, InvalidTag, ValueError, msgspec.DecodeError):
            raise ValueError("an encrypted value was altered, or stands elsewhere") from None
    return values


def _padded(value: Any) -> bytes:
    plain = msgspec.msgpack.encode(value.isoformat() if isinstance(value, date) else value)
    missing = _BLOCK - len(plain) % _BLOCK
    return plain + bytes([missing]) * missing


def _bound(use_case: str, column: str, subject_key_id: str) -> list[bytes]:
    return [use_case.encode(), column.encode(), subject_key_id.encode()]
