"""A digest is the same whenever it is computed."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.rest import late_digest
from crispml_core.rest.late_digest import KEPT_BYTES, LateDigest


def scope(announced: bytes | None) -> dict[str, Any]:
    return {"headers": [] if announced is None else [(b"content-length", announced)]}


@pytest.mark.parametrize("announced", [None, b"1", b"%d" % (KEPT_BYTES + 1), b"much"])
@given(st.lists(st.tuples(st.binary(max_size=9), st.booleans())))
def test_it_is_the_digest_of_all_that_came(
    announced: bytes | None, pieces: list[tuple[bytes, bool]]
) -> None:
    async def compare() -> None:
        digest, expected = LateDigest(scope(announced)), hashlib.sha256()
        for piece, is_asked in pieces:
            digest.update(piece)
            expected.update(piece)
            if is_asked:
                assert await digest.digest() == expected.digest()
        assert await digest.digest() == expected.digest()

    asyncio.run(compare())


def test_much_is_digested_too() -> None:
    digest, piece = LateDigest(scope(b"%d" % KEPT_BYTES)), bytes(range(256)) * 4096
    for _ in range(3):
        digest.update(piece)
    assert asyncio.run(digest.digest()) == hashlib.sha256(3 * piece).digest()


@pytest.mark.parametrize(
    ("announced", "is_late"),
    [(b"%d" % KEPT_BYTES, True), (b"%d" % (KEPT_BYTES + 1), False), (None, False)],
)
def test_only_a_body_of_a_known_length_waits_until_somebody_asks(
    monkeypatch: pytest.MonkeyPatch, announced: bytes | None, is_late: bool
) -> None:
    seen: list[bytes] = []

    class Sha256:
        def update(self, piece: bytes) -> None:
            seen.append(piece)

    monkeypatch.setattr(late_digest.hashlib, "sha256", Sha256)
    digest = LateDigest(scope(announced))
    digest.update(b"x")
    digest.update(b"y")
    assert seen == ([] if is_late else [b"x", b"y"])
