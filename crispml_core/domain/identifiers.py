"""Names, ids and moments: how things are called and when they happened."""

from __future__ import annotations

import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from crispml_core.domain.errors import InvalidInput

NAME = re.compile(r"[a-z0-9]([-._a-z0-9]{0,61}[a-z0-9])?")
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
RESERVED_PREFIX = "crispml_"

_lock = threading.Lock()
_ahead_ns = 0
_last_milliseconds = 0
_counter = 0
# Ids have to be unique, not secret, and the generator of the system costs twenty times as much. It
# is one of our own, because a use case may seed the common one; a forked process begins anew.
_chance = Random()  # noqa: S311
os.register_at_fork(after_in_child=_chance.seed)


def check_name(name: str, what: str) -> str:
    """Return `name` if it can be part of a URL, a folder and a label, else raise `InvalidInput`."""
    if not NAME.fullmatch(name):
        raise InvalidInput(f"{what} must match {NAME.pattern} (lower case, at most 63 characters)")
    return name


def check_field_name(name: str, what: str) -> str:
    """Return `name` if a use case may call a field so, else raise `InvalidInput`."""
    if not FIELD_NAME.fullmatch(name) or name.startswith(RESERVED_PREFIX):
        raise InvalidInput(
            f"{what} {name!r} must match {FIELD_NAME.pattern} and not start with {RESERVED_PREFIX}"
        )
    return name


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562, section 5.7) that is larger than every earlier one of this process.

    The 12 bits after the millisecond are a counter (method 1 of section 6.2), so that ids made in
    the same millisecond keep their order: an index on such ids grows at its right edge only.
    """
    return UUID(int=_new_number())


def new_id_text() -> str:
    """Make an id like `new_id` as text, for where one is made per commit: without the object."""
    digits = f"{_new_number():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def least_id(moment: datetime) -> str:
    """Return the text that the ids made before a moment are smaller than, and all others not."""
    milliseconds = int(moment.timestamp() * 1000)
    digits = f"{max(milliseconds, 0):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def _new_number() -> int:
    global _last_milliseconds, _counter
    chance = _chance.getrandbits(72)
    with _lock:
        now = (time.time_ns() + _ahead_ns) // 1_000_000
        if now > _last_milliseconds:
            _last_milliseconds, _counter = now, (chance >> 64) << 1
        else:
            _counter += 1
            if _counter > 0xFFF:
                _last_milliseconds, _counter = _last_milliseconds + 1, 0
        milliseconds, counter = _last_milliseconds, _counter
    tail = chance & ((1 << 62) - 1)
    return milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | tail


def moment_of_id(identifier: str) -> datetime:
    """Return when an id of `new_id` was made, to the millisecond."""
    milliseconds = UUID(identifier).int >> 80
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def utc_now() -> datetime:
    """Return the current moment in UTC, with microseconds."""
    now = datetime.now(UTC)
    return now + timedelta(microseconds=_ahead_ns // 1000) if _ahead_ns else now


def set_clock_ahead(seconds: int) -> None:
    """Let every id and every moment of this process lie so far ahead of the clock of the machine.

    For demos and tests, where months have to pass; see `crispml_core.adapters.simulated_clock`.
    """
    global _ahead_ns
    _ahead_ns = seconds * 1_000_000_000


def is_clock_simulated() -> bool:
    """Return whether moments differ from the clock of the machine."""
    return _ahead_ns != 0


def version_name(moment: datetime, digest: str) -> str:
    """Name a model version: a sortable UTC stamp and the first digits of its digest."""
    return f"{moment.astimezone(UTC):%Y%m%d-%H%M%S}-{digest[:8]}"
