"""How the members of a bundle lie in one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol


class PackedMember(Protocol):
    """A member while it is read; to be read before the next one is asked for.

    Parameters
    ----------
    name : str
        A plain file name, or one below the folder ``version``.
    size : int
        Bytes that it declares, and the file holds.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def size(self) -> int: ...  # noqa: D102

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces."""
        ...


class BundleFormat(Protocol):
    """A container whose bytes follow from its members alone."""

    def size(self, members: Iterable[tuple[str, int]]) -> int:
        """Return how many bytes `pack` will give for members with these names and sizes.

        Raises
        ------
        InvalidInput
            If a member has a name or a size that the container cannot hold.
        """
        ...

    def pack(self, members: Iterable[tuple[str, int, Iterable[bytes]]]) -> Iterator[bytes]:
        """Yield the bytes of the container: name, size and content of each member."""
        ...

    def unpack(self, file: BinaryIO) -> Iterator[PackedMember]:
        """Yield the members of a seekable file.

        Raises
        ------
        MalformedContent
            If the file is not byte for byte what `pack` would give for its members.
        """
        ...
