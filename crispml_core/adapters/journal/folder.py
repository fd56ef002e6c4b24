"""The folder of the journals: one file per process, and those that processes left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from crispml_core.adapters.journal.errors import journal_errors
from crispml_core.adapters.journal.frame_file import FrameFile
from crispml_core.adapters.journal.transactions import decode_groups, encode_groups
from crispml_core.domain.errors import InvalidInput, StoreUnavailable
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import ScoreGroup
from crispml_core.ports.journal import Transaction

SUFFIX = ".journal"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


class FileJournal:
    """A journal in one file; see `crispml_core.ports.journal.Journal`.

    Parameters
    ----------
    file : FrameFile
        The open file.
    """

    def __init__(self, file: FrameFile) -> None:
        self._file = file

    @property
    def name(self) -> str:
        """What the journal is called."""
        return self._file.path.name.removesuffix(SUFFIX)

    @property
    def damaged_bytes(self) -> int:
        """How many bytes the last reading found damaged."""
        return self._file.damaged_bytes

    @property
    def is_taken(self) -> bool:
        """Whether somebody else has it: never, as long as the lock of its file is held."""
        return False

    def append(self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent] = ()) -> None:
        """Force a transaction to the volume."""
        self._file.append(encode_groups(groups, events))

    def transactions(self, first: int = 0) -> Iterator[Transaction]:
        """Return what was appended until now, oldest first, without the first ones."""
        return map(decode_groups, islice(self._file.frames(), first, None))

    def clear(self) -> None:
        """Forget every transaction."""
        self._file.clear()

    def remove(self) -> None:
        """Forget every transaction and the journal itself."""
        self._file.remove()

    def close(self) -> None:
        """Let go of the journal."""
        self._file.close()


class FileJournals:
    """The journals in a folder; see `crispml_core.ports.journal.Journals`.

    Parameters
    ----------
    folder : Path
        On a volume that outlives the processes; made with the first journal.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: str | None = None) -> FileJournal:
        """Return a new journal for this process."""
        name = str(new_id()) if name is None else name
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"the name of a journal must match {_NAME.pattern}")
        return FileJournal(FrameFile.create(self._folder / (name + SUFFIX)))

    def orphans(self) -> Iterator[FileJournal]:
        """Take over, one by one, the journals whose processes are gone."""
        failure: StoreUnavailable | None = None
        for path in self._paths():
            try:
                file = FrameFile.adopt(path)
            except StoreUnavailable as error:
                failure = failure or error  # which must not keep the others from being taken over
                continue
            if file is not None:
                yield FileJournal(file)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Do nothing: the lock of a file ends with the process."""

    def _paths(self) -> list[Path]:
        with journal_errors():
            try:
                names = [entry.name for entry in self._folder.iterdir()]
            except FileNotFoundError:
                return []
        return [
            self._folder / name
            for name in sorted(names)
            if name.endswith(SUFFIX) and not name.startswith(".")
        ]
