"""How a value may look where nobody should find it."""

from __future__ import annotations

import base64
from urllib.parse import quote

# Fewer letters of base64 are found in any ciphertext that is long enough.
_FEWEST = 8


def spellings(value: str) -> set[bytes]:
    """Return a value as it is, as an address, in hexadecimal digits, and inside of base64."""
    plain = value.encode()
    inside = set()
    for pad in range(3):
        # The groups of four letters that nothing but the value is in.
        groups = slice(4 if pad else 0, 4 * ((pad + len(plain)) // 3))
        inside.add(base64.b64encode(b"x" * pad + plain)[groups])
    return {
        plain,
        quote(value).encode(),
        plain.hex().encode(),
        *(text for text in inside if len(text) >= _FEWEST),
    }
