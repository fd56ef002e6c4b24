"""How large the pages of a Parquet file are once they are decompressed.

A reader allocates what the header of a page says before it looks at the page, and the footer need
not agree with it. So the headers are read first (Parquet format, ``PageHeader``, in the compact
protocol of Thrift).
"""

from __future__ import annotations

from collections.abc import Iterator

_UNCOMPRESSED, _COMPRESSED = 2, 3
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
_WHOLE = (4, 5, 6)
_DEEPEST = 16


class BadHeader(ValueError):
    """Raised for bytes that are no header of a page."""


def page_sizes(content: memoryview, start: int, end: int) -> Iterator[int]:
    """Yield the size of each page between two places in a file, before and after decompression.

    Parameters
    ----------
    content : memoryview
        The file.
    start, end : int
        Where the pages of a column chunk begin and end.

    Raises
    ------
    BadHeader
        If there is something else than pages.
    """
    place = start
    while place < end:
        header = _Header(content, place)
        sizes = header.integers()
        if not {_UNCOMPRESSED, _COMPRESSED} <= sizes.keys() or min(sizes.values()) < 0:
            raise BadHeader
        yield max(sizes[_UNCOMPRESSED], sizes[_COMPRESSED])
        place = header.place + sizes[_COMPRESSED]


class _Header:
    """Reads one struct of the compact protocol; `place` is behind what was read."""

    def __init__(self, content: memoryview, place: int) -> None:
        self._content, self.place = content, place

    def integers(self) -> dict[int, int]:
        """Return the two sizes by the number of their field."""
        found = {}
        for field, kind in self._fields():
            if field in (_UNCOMPRESSED, _COMPRESSED) and kind in _WHOLE:
                found[field] = self._whole()
            else:
                self._skip(kind, 0)
        return found

    def _fields(self) -> Iterator[tuple[int, int]]:
        field = 0
        while (head := self._byte()) & 15 != _STOP:
            field = field + (head >> 4) if head >> 4 else self._whole()
            yield field, head & 15

    def _skip(self, kind: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise BadHeader
        if kind in _WHOLE:
            self._number()
        elif kind in (_BYTE, _DOUBLE):
            self.place += 1 if kind == _BYTE else 8
        elif kind == _BINARY:
            size = self._number()
            self.place += size
        elif kind == _STRUCT:
            for _, inner in self._fields():
                self._skip(inner, depth + 1)
        elif kind in (_LIST, _SET):
            self._skip_list(depth)
        elif kind not in (_TRUE, _FALSE):
            raise BadHeader

    def _skip_list(self, depth: int) -> None:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._number()
        for _ in range(size):
            # In a list, unlike in a struct, a truth value has a byte of its own.
            inner = _BYTE if head & 15 in (_TRUE, _FALSE) else head & 15
            self._skip(inner, depth + 1)
            if self.place > len(self._content):
                raise BadHeader

    def _byte(self) -> int:
        if not 0 <= self.place < len(self._content):
            raise BadHeader
        self.place += 1
        return int(self._content[self.place - 1])

    def _number(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise BadHeader

    def _whole(self) -> int:
        value = self._number()
        return value >> 1 ^ -(value & 1)
