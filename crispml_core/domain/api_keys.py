"""API keys as texts: how one is made, and how it is told from a token.

A key is ``crispml_<id>_<secret>``. The secret has 256 random bits, so a plain SHA-256 keeps it as
safe as a slow hash would: nobody can try so many. The prefix lets scanners of repositories find a
key that leaked.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

_KEY = re.compile(r"crispml_([a-z2-7]{13})_[A-Za-z0-9_-]{43}")


def new_key() -> tuple[str, str]:
    """Return the id of a new API key, and the key."""
    key_id = base64.b32encode(secrets.token_bytes(8)).decode().rstrip("=").lower()
    return key_id, f"crispml_{key_id}_{secrets.token_urlsafe(32)}"


def is_key(text: str) -> bool:
    """Return whether a text has the form of an API key."""
    return _KEY.fullmatch(text) is not None


def digest_of(key: str) -> str:
    """Return what is stored of an API key: its SHA-256, hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()
