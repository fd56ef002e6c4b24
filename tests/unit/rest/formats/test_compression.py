"""Compression of bodies and answers."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import MalformedContent, TooLarge, UnsupportedContent
from crispml_core.rest.formats.compression import (
    ENCODINGS,
    Compressor,
    Decompressor,
    accepted_encoding,
    compress,
    content_encoding,
    decompress,
)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.binary(max_size=5000), step=st.integers(1, 700))
def test_what_is_compressed_piece_by_piece_comes_back_piece_by_piece(
    encoding: str, data: bytes, step: int
) -> None:
    compressor = Compressor(encoding)
    pieces = [data[place : place + step] for place in range(0, len(data), step)]
    compressed = b"".join([*map(compressor.chunk, pieces), compressor.end()])
    decompressor = Decompressor(encoding, len(data))
    found = b"".join(
        piece
        for place in range(0, len(compressed), step)
        for piece in decompressor.feed(compressed[place : place + step])
    )
    decompressor.finish()
    assert found == data


def test_other_compressors_are_understood() -> None:
    data = os.urandom(1000) * 2000
    assert decompress(gzip.compress(data), "gzip", len(data)) == data
    assert decompress(zstandard.compress(data), "zstd", len(data)) == data
    assert gzip.decompress(compress(data, "gzip")) == data


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_parts_that_were_compressed_one_after_the_other_are_one_body(encoding: str) -> None:
    body = compress(b"one ", encoding) + compress(b"two", encoding)
    assert decompress(body, encoding, 100) == b"one two"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_that_grows_beyond_the_limit_is_refused(encoding: str) -> None:
    body = compress(b"\0" * 1001, encoding)
    assert decompress(body, encoding, 1001)
    with pytest.raises(TooLarge, match="1000 bytes"):
        decompress(body, encoding, 1000)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_never_becomes_large_in_memory(encoding: str) -> None:
    """256 MiB of zeros, in a process of its own."""
    code = f"""
import resource, zlib, zstandard
from crispml_core.domain.errors import TooLarge
from crispml_core.rest.formats.compression import decompress
encoding, zeros = {encoding!r}, bytes(1 << 20)
stream = zlib.compressobj(1, wbits=31)
if encoding == "zstd":
    stream = zstandard.ZstdCompressor().compressobj()
bomb = b"".join([stream.compress(zeros) for _ in range(256)] + [stream.flush()])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decompress(bomb, encoding, 1 << 20)
except TooLarge:
    print("refused")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.split() == ["refused", "True"], found.stderr


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_damaged_or_cut_body_is_refused(encoding: str) -> None:
    body = compress(b"hunter2" * 100, encoding)
    for damaged in (body[:-5], b"", b"hunter2" * 10, body + b"hunter2 and more of it"):
        with pytest.raises(MalformedContent) as caught:
            decompress(damaged, encoding, 10_000)
        assert "hunter2" not in caught.value.message


def test_a_frame_that_needs_a_large_window_is_refused() -> None:
    options = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=options).compressobj()
    body = stream.compress(os.urandom(1000)) + stream.flush()
    with pytest.raises(MalformedContent):
        decompress(body, "zstd", 10_000)


@pytest.mark.parametrize(
    ("header", "encoding"),
    [(None, ""), ("identity", ""), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("zstd", "zstd")],
)
def test_a_body_has_the_encoding_that_its_header_names(header: str | None, encoding: str) -> None:
    assert content_encoding(header) == encoding


@pytest.mark.parametrize("header", ["br", "gzip, zstd", "deflate"])
def test_another_encoding_is_refused(header: str) -> None:
    with pytest.raises(UnsupportedContent, match="zstd, gzip"):
        content_encoding(header)


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (None, ""),
        ("gzip, deflate, br", "gzip"),
        ("gzip, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("*", "zstd"),
        ("gzip;q=0", ""),
        ("*;q=0", ""),
        ("gzip;q=much", ""),
    ],
)
def test_an_answer_is_compressed_as_the_caller_likes(header: str | None, encoding: str) -> None:
    assert accepted_encoding(header) == encoding
