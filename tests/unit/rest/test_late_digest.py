"""A digest is the same whenever it is computed."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.rest import late_digest
from crispml_core.rest.late_digest import KEPT_BYTES, LateDigest


@given(st.lists(st.tuples(st.binary(max_size=9), st.booleans())))
def test_it_is_the_digest_of_all_that_came(pieces: list[tuple[bytes, bool]]) -> None:
    digest, expected = LateDigest(), hashlib.sha256()
    for piece, is_asked in pieces:
        digest.update(piece)
        expected.update(piece)
        if is_asked:
            assert digest.digest() == expected.digest()
    assert digest.digest() == expected.digest()


def test_a_small_body_is_not_digested_before_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    class Sha256:
        def update(self, piece: bytes) -> None:
            seen.append(piece)

    monkeypatch.setattr(late_digest.hashlib, "sha256", Sha256)
    digest = LateDigest()
    digest.update(b"x")
    digest.update(bytes(KEPT_BYTES - 1))
    assert seen == []
    digest.update(b"y")
    assert [len(piece) for piece in seen] == [1, KEPT_BYTES - 1, 1]
    digest.update(b"z")
    assert seen[-1] == b"z"
