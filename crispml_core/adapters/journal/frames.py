"""Frames: how a payload lies in a file, and how it is told from damage.

A frame is a header of 20 bytes and the payload. The header has a magic number, the length of the
payload, the CRC-32 of the payload, and the CRC-32 of the header before it. Because the header has a
checksum of its own, a length can be trusted: a frame that goes beyond the end of the file was cut,
and is not a frame whose length lost a bit.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

# The first byte occurs in no UTF-8 text, the last one tells versions apart.
MAGIC = b"\xf8CJ\x01"
_FACTS = struct.Struct(">4sQI")
_CHECK = struct.Struct(">I")
HEADER = _FACTS.size + _CHECK.size
_WINDOW = 1 << 20

Read = Callable[[int, int], bytes]


def header(payload: bytes) -> bytes:
    """Return the header of a payload."""
    facts = _FACTS.pack(MAGIC, len(payload), crc32(payload))
    return facts + _CHECK.pack(crc32(facts))


@dataclass(slots=True)
class Content:
    """What lies in a file.

    Parameters
    ----------
    frames : list of (int, int)
        Start and length of each payload, in order.
    damaged : list of (int, int)
        Start and length of what is no frame.
    """

    frames: list[tuple[int, int]] = field(default_factory=list)
    damaged: list[tuple[int, int]] = field(default_factory=list)


def scan(read: Read, end: int) -> Content:
    """Find the frames of a file, and what is damaged between them.

    A last frame that was cut is neither: whoever wrote it never said that it is there.

    Parameters
    ----------
    read : callable
        Returns the bytes at a place; gets start and length.
    end : int
        Where the file ends.
    """
    content = Content()
    place = 0
    while place < end:
        length = _length(read, place, end)
        if length is not None:
            content.frames.append((place + HEADER, length))
            place += HEADER + length
            continue
        following = _next_frame(read, place + 1, end)
        if following is None and _is_cut(read, place, end):
            break
        place, start = end if following is None else following, place
        content.damaged.append((start, place - start))
    return content


def _length(read: Read, place: int, end: int) -> int | None:
    """Return the length of the payload of a frame that is whole, else None."""
    length = _announced(read(place, min(HEADER, end - place)))
    if length is None or place + HEADER + length > end:
        return None
    (expected,) = _CHECK.unpack_from(read(place + _FACTS.size - _CHECK.size, _CHECK.size))
    return length if _checksum(read, place + HEADER, length) == expected else None


def _announced(head: bytes) -> int | None:
    """Return the length that a header announces, or None if it is no header."""
    if len(head) < HEADER or not head.startswith(MAGIC):
        return None
    facts = head[: _FACTS.size]
    if _CHECK.unpack_from(head, _FACTS.size)[0] != crc32(facts):
        return None
    length: int = _FACTS.unpack(facts)[1]
    return length


def _checksum(read: Read, place: int, length: int) -> int:
    value = 0
    for start in range(place, place + length, _WINDOW):
        value = crc32(read(start, min(_WINDOW, place + length - start)), value)
    return value


def _next_frame(read: Read, place: int, end: int) -> int | None:
    """Return where the next whole frame starts; a magic number alone may be part of a payload."""
    while place < end:
        window = read(place, min(_WINDOW, end - place))
        found = window.find(MAGIC)
        if found < 0:
            # A magic number may lie across the edge of two windows.
            place += max(len(window) - len(MAGIC) + 1, 1)
        elif _length(read, place + found, end) is not None:
            return place + found
        else:
            place += found + 1
    return None


def _is_cut(read: Read, place: int, end: int) -> bool:
    """Whether the file ends with the beginning of a frame, with nothing wrong about it."""
    head = read(place, min(HEADER, end - place))
    if len(head) < HEADER:
        return head.startswith(MAGIC[: len(head)])
    length = _announced(head)
    return length is not None and place + HEADER + length > end
