"""The keys of data subjects in a process: made, remembered for a while, and forgotten at once.

They lie in the store encrypted by the master key. A process remembers those that it needed; it asks
the store four times a second which were destroyed, so that a destroyed key stops being used within
a second. While the store is away, what is remembered goes on working, and for a subject whose key
is not remembered nothing is encrypted: its values are withheld.
"""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crispml_core.domain.errors import Conflict, NotReady, StoreUnavailable, WouldWait
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.pseudonyms import KEY_BYTES, SecretKey, SecretKeys, subject_identifier
from crispml_core.domain.subjects import Hidden, SubjectKey
from crispml_core.ports.subject_keys import SubjectKeys

_log = structlog.get_logger("crispml.scoring")

POLL_S = 0.25
# Another process may say a moment a little ago: its clock is not ours, and a commit takes time.
_OVERLAP = timedelta(minutes=10)
MOST_KEYS = 50_000
# A store that did not answer keeps a record waiting again after so long, unless it is back sooner.
_AGAIN_S = 5.0
_NONCE_BYTES = 12


class SubjectVault:
    """Knows the keys of data subjects.

    Parameters
    ----------
    master : SecretKeys
        Encrypts the keys; the first of them names the subjects.
    store : SubjectKeys
        Where they are.
    clock : callable
        Returns the current moment in UTC.
    withholds : bool
        Whether there are no keys for new subjects while the store is away; else that is an error.
    """

    def __init__(
        self,
        master: SecretKeys,
        store: SubjectKeys,
        clock: Callable[[], datetime] = utc_now,
        *,
        withholds: bool = True,
    ) -> None:
        self._withholds = withholds
        self._master, self._store, self._clock = master, store, clock
        self.identify = subject_identifier(master.first)
        self._keys: dict[str, bytes | Hidden] = {}
        self._looked_at = clock()
        self._is_away, self._away_until = False, 0.0
        self._changing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Follow the store in a thread."""
        self._thread = threading.Thread(target=self._follow, name="subject-keys", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, and forget all keys."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._keys.clear()

    def look(self) -> None:
        """Forget what was destroyed since the last look, if the store answers."""
        if not self._keys and not self._is_away:
            return
        now = self._clock()
        try:
            destroyed = self._store.destroyed(self._looked_at - _OVERLAP)
        except StoreUnavailable:
            self._is_away_for_a_while()
            return
        with self._changing:
            for key_id in destroyed:
                if key_id in self._keys:
                    self._keys[key_id] = Hidden.ERASED
        self._looked_at = now
        self._is_away, self._away_until = False, 0.0

    def to_write(
        self,
        subject_key_ids: Sequence[str | None],
        *,
        wait: bool = True,
        make: Callable[[bytes], Any] = AESGCM,
    ) -> list[Any]:
        """Return what encrypts for each subject; a subject without a key gets one.

        Parameters
        ----------
        wait : bool
            Whether the store may be asked.
        make : callable
            Makes what encrypts out of a key.

        Raises
        ------
        WouldWait
            If the store has to be asked and may not.
        StoreUnavailable
            If the store does not answer, and nothing shall be withheld.
        NotReady
            If the process has not the master key that a key was encrypted with.
        """
        known = self._keys
        distinct = dict.fromkeys(subject_key_ids)
        unknown = [key_id for key_id in distinct if key_id is not None and key_id not in known]
        new: dict[str, bytes | Hidden] = {}
        if unknown and (time.monotonic() > self._away_until or not self._withholds):
            if not wait:
                raise WouldWait
            new = self._made(unknown)
        keys = {
            key_id: _cipher(new.get(key_id) or known.get(key_id), make)
            for key_id in distinct
            if key_id is not None
        }
        return [Hidden.WITHHELD if key_id is None else keys[key_id] for key_id in subject_key_ids]

    def to_read(
        self, subject_key_ids: Sequence[str], *, make: Callable[[bytes], Any] = AESGCM
    ) -> list[Any]:
        """Return what decrypts for each subject, or why nothing does; asks the store each time.

        Raises
        ------
        StoreUnavailable
            If the store does not answer.
        NotReady
            If the process has not the master key that a key was encrypted with.
        """
        found = self._store.find(subject_key_ids)
        return [
            _cipher(self._opened(found[key_id]), make) if key_id in found else Hidden.ERASED
            for key_id in subject_key_ids
        ]

    def _made(self, unknown: Sequence[str]) -> dict[str, bytes | Hidden]:
        """Return the keys of subjects, made where there are none; nothing if the store is away."""
        try:
            held = self._store.add([self._new(key_id) for key_id in unknown])
        except (StoreUnavailable, Conflict) as error:
            if not self._withholds:
                raise
            self._is_away_for_a_while()
            _log.warning("subject_keys_away", subjects=len(unknown), error=error.message)
            return {}
        found = {key_id: self._opened(key) for key_id, key in held.items()}
        with self._changing:
            if len(self._keys) + len(found) > MOST_KEYS:
                self._keys = {}
            self._keys.update(found)
        return found

    def _new(self, key_id: str) -> SubjectKey:
        key, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE_BYTES)
        newest = self._master.newest
        content = nonce + _wrapper(newest).encrypt(nonce, key, key_id.encode())
        text = f"{newest.key_id}.{base64.urlsafe_b64encode(content).decode()}"
        return SubjectKey(subject_key_id=key_id, wrapped_key=text, created_at=self._clock())

    def _opened(self, key: SubjectKey) -> bytes | Hidden:
        if key.wrapped_key is None:
            return Hidden.ERASED
        version, _, text = key.wrapped_key.partition(".")
        try:
            wrapper = _wrapper(self._master.by_id[version])
            content = base64.urlsafe_b64decode(text)
            bound = key.subject_key_id.encode()
            return wrapper.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], bound)
        except (KeyError, ValueError, InvalidTag):
            raise NotReady(
                "the key of a data subject cannot be opened with CRISPML_PRIVACY__MASTER_KEY_FILE: "
                "put back the version of the master key that it was encrypted with"
            ) from None

    def _is_away_for_a_while(self) -> None:
        """Let no record wait for a store that is away; the thread sees when it is back."""
        self._is_away, self._away_until = True, time.monotonic() + _AGAIN_S

    def _follow(self) -> None:
        while not self._stop.wait(POLL_S):
            self.look()


def _wrapper(master: SecretKey) -> AESGCM:
    return AESGCM(master.derived("wrap"))


def _cipher(key: bytes | Hidden | None, make: Callable[[bytes], Any]) -> Any:
    if key is None:
        return Hidden.WITHHELD
    return key if isinstance(key, Hidden) else make(key)
