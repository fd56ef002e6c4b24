"""Seals keep keys and digests of rows, and are digested themselves."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

import pytest

from crispml_core.domain.audit import Chunk, SealKind
from crispml_core.governance.audit_seals import packed, row_digest, seal_digest, unpacked

CHUNK = Chunk(
    table="alias_events",
    kind=SealKind.ROWS,
    keys=('["credit",1]', '["churn",2]'),
    digests=(bytes(range(32)), b"\n" * 32),
)


def test_what_was_packed_is_read_again():
    assert unpacked("alias_events", SealKind.ROWS, packed(CHUNK)) == CHUNK


@pytest.mark.parametrize(
    "content",
    [b"", b"no zlib", zlib.compress(b"[1"), zlib.compress(b"[[1]]\n" + bytes(31))],
)
def test_what_is_no_seal_is_none(content):
    assert unpacked("alias_events", SealKind.ROWS, content) is None


def test_a_row_digest_is_over_the_table_and_its_values_in_order():
    text = b'["labels","x",1.5,null]'
    assert row_digest("labels", ["x", 1.5, None]) == hashlib.sha256(text).digest()
    assert row_digest("labels", ["x", None]) != row_digest("reports", ["x", None])


def test_a_seal_digest_is_over_all_of_it():
    other = [
        replace(CHUNK, table="x"),
        replace(CHUNK, kind=SealKind.LATE),
        replace(CHUNK, keys=CHUNK.keys[::-1]),
        replace(CHUNK, digests=CHUNK.digests[::-1]),
    ]
    made = {seal_digest(chunk, 1) for chunk in [CHUNK, *other]} | {seal_digest(CHUNK, 2)}
    assert len(made) == 6
