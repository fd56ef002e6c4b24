"""The digest of a body that is computed only when somebody asks for it, which is seldom."""

from __future__ import annotations

import hashlib

# A JSON body may be so large, and is in memory anyway; of larger bodies nothing is kept here, they
# are digested while they come.
KEPT_BYTES = 32 * 1024 * 1024


class LateDigest:
    """SHA-256 of what comes in pieces.

    Digesting a batch takes as long as scoring it by a linear model. So the pieces are kept, as
    references to what the request holds anyway, until there are too many of them.
    """

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._room = KEPT_BYTES

    def update(self, piece: bytes) -> None:
        """Take the next piece."""
        self._room -= len(piece)
        self._pieces.append(piece)
        if self._room < 0:
            self._digest_kept()

    def digest(self) -> bytes:
        """Return the digest of all that came."""
        self._digest_kept()
        return self._sha256.digest()

    def _digest_kept(self) -> None:
        for piece in self._pieces:
            self._sha256.update(piece)
        self._pieces.clear()
