"""The digest of a body that is computed only when somebody asks for it, which is seldom."""

from __future__ import annotations

import hashlib

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

# A JSON body may be so large, and is in memory anyway. Larger bodies, and those that do not say how
# large they are, are digested while they come: nothing is kept of them here, and nothing has to be
# digested at one go.
KEPT_BYTES = 32 * 1024 * 1024
# More than this is digested in a thread, because others would have to wait for it.
_MUCH = 256 * 1024


class LateDigest:
    """SHA-256 of a body that comes in pieces.

    Digesting a batch takes as long as scoring it by a linear model. So the pieces are kept, as
    references to what the request holds anyway.

    Parameters
    ----------
    scope : dict
        The ASGI scope of the request, whose head may announce the length of the body.
    """

    def __init__(self, scope: Scope) -> None:
        self._sha256 = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._kept = 0
        announced = dict(scope["headers"]).get(b"content-length", b"")
        self._is_late = announced.isdigit() and int(announced) <= KEPT_BYTES

    def update(self, piece: bytes) -> None:
        """Take the next piece."""
        if self._is_late:
            self._pieces.append(piece)
            self._kept += len(piece)
        else:
            self._sha256.update(piece)

    async def digest(self) -> bytes:
        """Return the digest of all that came."""
        if self._kept > _MUCH:
            await run_in_threadpool(self._digest_kept)
        else:
            self._digest_kept()
        return self._sha256.digest()

    def _digest_kept(self) -> None:
        pieces, self._pieces, self._kept = self._pieces, [], 0
        for piece in pieces:
            self._sha256.update(piece)
