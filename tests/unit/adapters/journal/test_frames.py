from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crispml_core.adapters.journal import frames
from crispml_core.adapters.journal.frames import HEADER, MAGIC, header, scan

PAYLOADS = [b"first", b"", MAGIC + b"like a frame", b"last"]


def written(payloads):
    return b"".join(header(payload) + payload for payload in payloads)


def read(content):
    """Return the payloads in some bytes, and what is damaged."""
    found = scan(lambda start, length: content[start : start + length], len(content))
    return (
        [content[start : start + length] for start, length in found.frames],
        [content[start : start + length] for start, length in found.damaged],
    )


def is_in_order(some, everything):
    rest = iter(everything)
    return all(any(one == other for other in rest) for one in some)


def test_payloads_come_back_in_order():
    assert read(written(PAYLOADS)) == (PAYLOADS, [])
    assert read(b"") == ([], [])


def test_a_file_that_is_cut_anywhere_loses_the_frame_of_the_cut_and_no_other():
    content = written(PAYLOADS)
    ends = list(itertools.accumulate(HEADER + len(payload) for payload in PAYLOADS))

    for end in range(len(content)):
        whole = sum(each <= end for each in ends)
        assert read(content[:end]) == (PAYLOADS[:whole], []), f"cut at {end}"


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_that_flips_anywhere_costs_one_frame_and_is_put_aside(bit):
    content = written(PAYLOADS)
    starts = [0, *itertools.accumulate(HEADER + len(payload) for payload in PAYLOADS)]

    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        hit = sum(start <= place for start in starts) - 1
        found, damaged = read(bytes(flipped))
        assert found == PAYLOADS[:hit] + PAYLOADS[hit + 1 :], f"flipped at {place}"
        assert damaged == [bytes(flipped[starts[hit] : starts[hit + 1]])]


@settings(max_examples=300, deadline=None)
@given(
    payloads=st.lists(st.binary(max_size=40), max_size=6),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60), st.binary(max_size=30))),
)
def test_whatever_happens_to_a_file_nothing_is_read_that_was_not_written(payloads, cuts):
    """Pieces are lost, and others come in their place."""
    content = written(payloads)
    for start, length, instead in cuts:
        content = content[:start] + instead + content[start + length :]

    found, damaged = read(content)

    assert is_in_order(found, payloads)
    kept = sum(HEADER + len(payload) for payload in found) + sum(map(len, damaged))
    assert kept <= len(content)
    untouched = [p for p in payloads if header(p) + p in content]
    assert len(found) >= len(set(untouched))


def test_a_frame_behind_a_long_damage_is_found(monkeypatch):
    monkeypatch.setattr(frames, "_WINDOW", 16)
    rubbish = bytes(range(200)) + MAGIC[:2]

    for extra in range(20):
        content = written([b"before"]) + rubbish + b"x" * extra + written([b"y" * 50])
        assert read(content) == ([b"before", b"y" * 50], [rubbish + b"x" * extra])


def test_frames_behind_one_that_was_cut_are_found():
    """An append that failed could not be taken back, and others came after it."""
    cut = written([b"never acknowledged"])[:-3]

    assert read(cut + written([b"next"])) == ([b"next"], [cut])


def test_zeros_at_the_end_are_damage():
    """A power cut may leave a longer file than was written."""
    assert read(written([b"a"]) + bytes(100)) == ([b"a"], [bytes(100)])
