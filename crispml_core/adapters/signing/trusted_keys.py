"""The public keys of a folder, followed while files come and go."""

from __future__ import annotations

import threading
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from crispml_core.adapters.signing.key_ids import key_id_of
from crispml_core.domain.errors import NotReady, StoreUnavailable, UntrustedSignature
from crispml_core.domain.signatures import Signature

SETTING = "CRISPML_SIGNING__TRUSTED"
_MAX_BYTES = 1 << 16

_State = tuple[tuple[str, int, int, int], ...]


class TrustedKeys:
    """Verifies with the keys ``*.pem`` of a folder; see `crispml_core.ports.signer.Verifier`.

    A file that was added or removed counts from the next signature on.

    Parameters
    ----------
    folder : Path
        Public keys as PEM; a folder that is not there trusts nobody.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._state: _State | None = None
        self._keys: dict[str, Ed25519PublicKey] = {}

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._current()

    def verify(self, data: bytes, signature: Signature) -> None:
        """Return if a trusted key signed exactly these bytes.

        Raises
        ------
        UntrustedSignature
            If the key is not trusted, or the bytes are not those that were signed.
        NotReady
            If a file of the folder is no public key.
        StoreUnavailable
            If the folder cannot be read.
        """
        key = self._current().get(signature.key_id)
        if key is None:
            raise UntrustedSignature(
                f"the key {signature.key_id[:16]}… that signed it is not trusted here: "
                f"its public key is not in the folder that {SETTING} names"
            )
        try:
            key.verify(signature.value, data)
        except InvalidSignature:
            raise UntrustedSignature(
                "its bytes are not those that were signed: restore it from a backup"
            ) from None

    def state(self) -> object:
        """Return something that differs after the keys changed."""
        return self._listed()

    def _current(self) -> dict[str, Ed25519PublicKey]:
        state = self._listed()
        with self._lock:
            if state != self._state:
                self._keys = {key_id_of(key): key for key in map(self._read, state)}
                self._state = state
            return self._keys

    def _listed(self) -> _State:
        found = []
        try:
            for file in sorted(self._folder.glob("*.pem")):
                entry = file.stat()
                found.append((file.name, entry.st_mtime_ns, entry.st_size, entry.st_ino))
        except OSError:
            raise StoreUnavailable(f"the folder that {SETTING} names cannot be read") from None
        return tuple(found)

    def _read(self, entry: tuple[str, int, int, int]) -> Ed25519PublicKey:
        name = entry[0]
        try:
            with (self._folder / name).open("rb") as source:
                key = load_pem_public_key(source.read(_MAX_BYTES))
        except OSError:
            raise StoreUnavailable(f"a file of the folder {SETTING} cannot be read") from None
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise NotReady(f"{SETTING}: {name} is no public Ed25519 key as PEM: remove it")
        return key
