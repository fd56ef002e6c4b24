from __future__ import annotations

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.rest.preferences import checked_key, fingerprint, preferred_wait


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 0),
        ("wait=20", 20),
        ("respond-async, WAIT = 0.5", 0.5),
        ('wait="7"; foo=1', 7),
        ("wait=9999", 300),
        ("wait=-1", 0),
        ("wait=soon", 0),
        ("await=5", 0),
    ],
)
def test_the_wait_is_read_and_bounded(prefer: str | None, seconds: float) -> None:
    assert preferred_wait(prefer, 300) == seconds


def test_a_fingerprint_tells_requests_apart() -> None:
    same = fingerprint("POST", "/a", "", b"x")
    assert same == fingerprint("POST", "/a", "", b"x")
    others = {
        fingerprint("PUT", "/a", "", b"x"),
        fingerprint("POST", "/b", "", b"x"),
        fingerprint("POST", "/a", "q=1", b"x"),
        fingerprint("POST", "/a", "", b"y"),
        fingerprint("POST", "/ax", "", b""),
    }
    assert len(others) == 5
    assert same not in others


@pytest.mark.parametrize("key", ["", "with space", "\u00e9", "k" * 256])
def test_a_key_that_no_header_should_carry_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        checked_key(key)
