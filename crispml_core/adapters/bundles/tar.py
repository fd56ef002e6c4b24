"""Members of a bundle as a tar archive (POSIX ustar) with fixed owners, times and order."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from crispml_core.domain.errors import InvalidInput, MalformedContent

BLOCK = 512
_NAME = re.compile(r"(version/)?[A-Za-z0-9][A-Za-z0-9._-]{0,89}")
# What eleven octal digits can say.
_MAX_BYTES = 8**11 - 1
_END = bytes(2 * BLOCK)
_CHUNK = 1 << 20


class TarBundles:
    """Packs and unpacks; see `crispml_core.ports.bundle_format.BundleFormat`."""

    def size(self, members: Iterable[tuple[str, int]]) -> int:
        """Return how many bytes `pack` will give for members with these names and sizes."""
        total = len(_END)
        for number, (name, size) in enumerate(members, start=1):
            if not _NAME.fullmatch(name) or size > _MAX_BYTES:
                raise InvalidInput(f"member {number}: a bundle cannot hold this name or this size")
            total += BLOCK + size + _padding(size)
        return total

    def pack(self, members: Iterable[tuple[str, int, Iterable[bytes]]]) -> Iterator[bytes]:
        """Yield the bytes of the archive."""
        for name, size, content in members:
            yield _header(name, size)
            written = 0
            for chunk in content:
                written += len(chunk)
                yield chunk
            if written != size:
                raise ValueError("a member has another size than it was announced with")
            yield bytes(_padding(size))
        yield _END

    def unpack(self, file: BinaryIO) -> Iterator[TarMember]:
        """Yield the members; each must be read before the next."""
        end = file.seek(0, io.SEEK_END)
        file.seek(0)
        seen: set[str] = set()
        while True:
            block = _exactly(file, BLOCK)
            if block == _END[:BLOCK]:
                break
            member = _member(file, block, len(seen) + 1, end)
            if member.name in seen:
                raise MalformedContent(f"member {len(seen) + 1}: an earlier one has the same name")
            seen.add(member.name)
            yield member
            member.skip()
            if any(_exactly(file, _padding(member.size))):
                raise MalformedContent(f"member {len(seen)}: there are bytes behind its end")
        if _exactly(file, BLOCK) != _END[:BLOCK] or file.read(1):
            raise MalformedContent("the bundle goes on behind its end: it is damaged")


class TarMember:
    """A member while it is read."""

    def __init__(self, file: BinaryIO, name: str, size: int) -> None:
        self._file, self.name, self.size, self._left = file, name, size, size

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces."""
        while self._left:
            chunk = _exactly(self._file, min(self._left, _CHUNK))
            self._left -= len(chunk)
            yield chunk

    def skip(self) -> None:
        """Read what was not read."""
        for _ in self.chunks():
            pass


def _member(file: BinaryIO, block: bytes, number: int, end: int) -> TarMember:
    """Return the member that a header announces, if it is one that `_header` would make."""
    where = f"member {number}"
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        raise MalformedContent(
            f"{where}: this is no header of a tar archive: the bundle is damaged, or none"
        ) from None
    if info.type != tarfile.REGTYPE:
        raise MalformedContent(f"{where}: it is a link, a folder or a device, not a plain file")
    if not _NAME.fullmatch(info.name):
        raise MalformedContent(
            f"{where}: its path is not allowed: a member lies in the bundle itself or in its "
            "folder version"
        )
    if not 0 <= info.size <= end - file.tell():
        raise MalformedContent(f"{where}: it declares more bytes than the bundle has")
    if block != _header(info.name, info.size):
        raise MalformedContent(
            f"{where}: its header is not the one that an export writes: the bundle is damaged"
        )
    return TarMember(file, info.name, info.size)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _padding(size: int) -> int:
    return -size % BLOCK


def _exactly(file: BinaryIO, size: int) -> bytes:
    content = file.read(size)
    if len(content) != size:
        raise MalformedContent("the bundle ends too early: it was cut off; send it again")
    return content
