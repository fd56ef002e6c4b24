"""Reading a bundle: who signed the index, then member after member, each held against it."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO, TypeVar

import msgspec

from crispml_core.domain.bundles import (
    APPROVALS,
    ENVIRONMENTS,
    FORMAT,
    FORMAT_VERSION,
    GATES,
    INDEX,
    LINEAGE,
    MANIFEST_MEMBER,
    SEAL,
    SIGNATURE,
    VERSION_PREFIX,
    Approval,
    BundleIndex,
)
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import InvalidInput, MalformedContent, TooLarge
from crispml_core.domain.identifiers import check_name
from crispml_core.domain.signatures import Signature
from crispml_core.pipelines.bundles.authors import BundleAuthors
from crispml_core.pipelines.bundles.exporting import seal_of
from crispml_core.ports.bundle_format import BundleFormat, PackedMember
from crispml_core.ports.model_registry import IncomingVersion

T = TypeVar("T")
# What is held in memory as a whole.
MAX_SMALL_BYTES = 16 * 1024 * 1024
_MAX_NAME, _MAX_DEPTH = 255, 64
_EVIDENCE = (APPROVALS, GATES, LINEAGE)


class _Format(msgspec.Struct):
    format: str = ""
    format_version: int = 0


class BundleContents:
    """A bundle while it is read; `index` is known at once, the rest after `unpack`.

    Parameters
    ----------
    container : BundleFormat
        Knows where the members are.
    file : binary file
        The bundle.
    authors : BundleAuthors
        Knows whose signature counts; asked before anything is parsed.

    Raises
    ------
    MalformedContent
        If it is no bundle.
    InvalidInput
        If it is a bundle of another format, or not of the environment that it names.
    """

    def __init__(self, container: BundleFormat, file: BinaryIO, authors: BundleAuthors) -> None:
        self._members = container.unpack(file)
        self._ahead: PackedMember | None = None
        content = self._small(self._next(INDEX))
        self.digest = hashlib.sha256(content).hexdigest()
        self._ahead = next(self._members, None)
        signature = self._signature()
        self.author = authors.author_of(content, signature)
        self.key_id = Signature.decode(signature).key_id if signature and self.author else None
        self.index = _index(content)
        if self.author not in (None, self.index.environment):
            raise InvalidInput(
                f"{INDEX}: it names another environment than the one whose key signed it"
            )
        self.approvals: tuple[Approval, ...] = ()
        self.gates: list[Any] = []
        self.lineage: dict[str, Any] = {}

    def unpack(self, incoming: IncomingVersion) -> None:
        """Read the evidence, and write the version to where it arrives.

        Raises
        ------
        MalformedContent
            If a member is not what the index says.
        """
        small: dict[str, bytes] = {}
        for expected in self.index.members:
            member = self._next(expected.name)
            if member.name in _EVIDENCE or member.name == MANIFEST_MEMBER:
                small[member.name] = content = self._small(member)
                _check(expected, StoredFile(member.name, len(content), _sha256(content)))
                if member.name == MANIFEST_MEMBER:
                    incoming.write(_file(member), (content,))
            else:
                _check(expected, incoming.write(_file(member), member.chunks()))
        if self._small(self._next(SEAL)) != seal_of(self.digest):
            raise MalformedContent(f"{SEAL} is not the digest of {INDEX}: the bundle is damaged")
        if next(self._members, None) is not None:
            raise MalformedContent(f"the bundle goes on behind {SEAL}: it is damaged")
        if _sha256(small[MANIFEST_MEMBER]) != self.index.digest:
            raise MalformedContent("the digest of the version is not that of its manifest")
        self.approvals = _decoded(APPROVALS, small[APPROVALS], tuple[Approval, ...])
        self.gates = _decoded(GATES, small[GATES], list[Any])
        self.lineage = _decoded(LINEAGE, small[LINEAGE], dict[str, Any])
        _check_depth(GATES, self.gates)
        _check_depth(LINEAGE, self.lineage)
        _check_approvals(self.index, self.approvals)

    def _signature(self) -> bytes | None:
        """Return the signature behind the index, if there is one."""
        if self._ahead is None or self._ahead.name != SIGNATURE:
            return None
        return self._small(self._next(SIGNATURE))

    def _next(self, name: str) -> PackedMember:
        member, self._ahead = self._ahead or next(self._members, None), None
        if member is None or member.name != name:
            found = "ends" if member is None else "has another member"
            raise MalformedContent(f"the bundle {found} where {_safe(name)} should be")
        return member

    @staticmethod
    def _small(member: PackedMember) -> bytes:
        if member.size > MAX_SMALL_BYTES:
            raise TooLarge(f"{member.name} is larger than the limit of {MAX_SMALL_BYTES} bytes")
        return b"".join(member.chunks())


def _index(content: bytes) -> BundleIndex:
    found = _decoded(INDEX, content, _Format)
    if found.format != FORMAT:
        raise MalformedContent(f"{INDEX}: this is not a bundle of a model version")
    if found.format_version != FORMAT_VERSION:
        age = "newer" if found.format_version > FORMAT_VERSION else "older"
        raise InvalidInput(
            f"{INDEX}: the bundle has an {age} format than {FORMAT_VERSION}, the only one that "
            "this release reads: export it with the same release"
        )
    index = _decoded(INDEX, content, BundleIndex)
    if index.environment not in ENVIRONMENTS:
        raise MalformedContent(f"{INDEX}: environment must be one of {', '.join(ENVIRONMENTS)}")
    names = [member.name for member in index.members]
    first = [*_EVIDENCE, MANIFEST_MEMBER]
    files = names[len(first) :]
    if (
        names[: len(first)] != first
        or files != sorted(set(files) - {MANIFEST_MEMBER})
        or not all(name.startswith(VERSION_PREFIX) for name in files)
    ):
        raise MalformedContent(f"{INDEX}: its members are not those of a bundle, in their order")
    return index


def _check(expected: StoredFile, found: StoredFile) -> None:
    if (expected.size, expected.sha256) != (found.size, found.sha256):
        raise MalformedContent(
            f"{expected.name} is not what the index says: the bundle is damaged; send it again"
        )


def _check_approvals(index: BundleIndex, approvals: tuple[Approval, ...]) -> None:
    for number, approval in enumerate(approvals, start=1):
        about = (approval.model, approval.version, approval.digest)
        if about != (index.model, index.version, index.digest):
            raise MalformedContent(f"{APPROVALS}: entry {number} is about another version")
        check_name(approval.alias, f"{APPROVALS}: the alias of entry {number}")
        if (
            approval.environment not in ENVIRONMENTS
            or not 1 <= approval.sequence < 2**31
            or approval.moved_at.tzinfo is None
            or len(approval.moved_by) > _MAX_NAME
            or "\0" in approval.moved_by + approval.reason
        ):
            raise MalformedContent(f"{APPROVALS}: entry {number} is not a move of an alias")


def _check_depth(name: str, value: Any) -> None:
    """Refuse what could be read, and not be written again where the stack is higher."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    if level:
        raise MalformedContent(f"{name}: it is nested more than {_MAX_DEPTH} deep")


def _file(member: PackedMember) -> str:
    return member.name.removeprefix(VERSION_PREFIX)


def _safe(name: str) -> str:
    known = (INDEX, SIGNATURE, *_EVIDENCE, MANIFEST_MEMBER, SEAL)
    return name if name in known else "a file of the version"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _decoded(name: str, content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedContent(f"{name} cannot be read") from None
