"""The folder of journals on a volume that several machines share.

Locks of files are not to be relied on between machines, so nothing here asks one. Two things decide
instead. *When* somebody may take over a journal says its lease in the database. *Who* has it says
the volume: a taker moves the folder of the journal into its own, which one of several can do, and a
writer looks, after each transaction that it forced to the volume, whether its file still has its
name. So a writer that was frozen and lost everything meanwhile acknowledges nothing that the taker
does not read.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from crispml_core.adapters.folders import sync_folder
from crispml_core.adapters.journal.errors import journal_errors
from crispml_core.adapters.journal.folder import SUFFIX, FileJournal
from crispml_core.adapters.journal.frame_file import FrameFile
from crispml_core.adapters.journal.lease_keeper import LeaseKeeper
from crispml_core.adapters.journal.lease_watch import Seen
from crispml_core.domain.errors import CrispMLError, InvalidInput, StoreUnavailable
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import ScoreGroup
from crispml_core.ports.journal import JournalTaken
from crispml_core.ports.journal_leases import JournalLeases

OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_TAKEN = "the journal of this process was taken over by another one while it could not be heard"
_ATTEMPTS = 5


class SharedJournal(FileJournal):
    """A journal that another process may take over while this one is frozen or cut off.

    Parameters
    ----------
    file : FrameFile
        The open file.
    is_lost : callable
        Returns whether somebody else has its lease.
    """

    def __init__(self, file: FrameFile, is_lost: Callable[[], bool]) -> None:
        super().__init__(file)
        self._is_lost = is_lost

    @property
    def is_taken(self) -> bool:
        """Whether somebody else has it."""
        return self._is_lost() or not self._file.has_its_name()

    def append(self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent] = ()) -> None:
        """Force a transaction to the volume, and make sure that whoever takes it over reads it."""
        if self._is_lost():
            raise JournalTaken(_TAKEN)
        try:
            super().append(groups, events)
        except StoreUnavailable:
            if self._file.has_its_name():
                raise
            raise JournalTaken(_TAKEN) from None
        # What was forced before the folder was moved is read by who moved it; whatever came after
        # that may not be, and is not acknowledged.
        if not self._file.has_its_name():
            raise JournalTaken(_TAKEN)


class SharedJournals:
    """The journals of a shared folder, as ``OWNER/PROCESS/NAME.journal``.

    See `crispml_core.ports.journal.Journals`.

    Parameters
    ----------
    folder : Path
        On a volume that all processes share.
    owner : str
        Whose processes these are, for example the UID of a pod.
    leases : JournalLeases
        In the database.
    lease_s : float
        How long a process may be silent before its journal is taken over. For as long the taker
        waits before it reads: until then every client of the volume knows what was moved.
    on_error : callable
        Told what the database or the volume did not do.

    Raises
    ------
    InvalidInput
        If the owner is no name.
    """

    def __init__(
        self,
        folder: Path,
        owner: str,
        leases: JournalLeases,
        *,
        lease_s: float,
        on_error: Callable[[CrispMLError], None] = lambda error: None,
    ) -> None:
        if not OWNER.fullmatch(owner):
            raise InvalidInput(f"CRISPML_JOURNAL__OWNER must match {OWNER.pattern}")
        self._folder, self._owner, self._leases, self._lease_s = folder, owner, leases, lease_s
        self._keeper = LeaseKeeper(leases, self._names, lease_s=lease_s, on_error=on_error)
        self._moved: dict[Path, float] = {}

    def open(self, name: str | None = None) -> SharedJournal:
        """Return a new journal for this process; its lease comes first."""
        home = f"{self._owner}/{new_id()}"
        self._keeper.begin(home)
        path = self._folder / home / f"{name or new_id()}{SUFFIX}"
        for attempt in range(_ATTEMPTS):
            try:
                file = FrameFile.create(path, locked=False)
                break
            except StoreUnavailable:
                # Who tidies up may remove an empty folder between two steps.
                if attempt == _ATTEMPTS - 1 or path.parent.exists():
                    raise
        return SharedJournal(file, lambda: self._keeper.is_lost(home))

    def orphans(self) -> Iterator[FileJournal]:
        """Take over, one by one, the journals whose leases nobody holds."""
        home = self._keeper.own
        for name, seen in self._keeper.expired().items():
            self._take(name, seen, home)
        for moved, since in list(self._moved.items()):
            if time.monotonic() - since < self._lease_s or self._keeper.is_lost(home):
                continue
            for path in journals_below(moved):
                file = FrameFile.take(path)
                if file is not None:
                    yield FileJournal(file)
            if not journals_below(moved):
                _tidy(moved)
                del self._moved[moved]

    def close(self) -> None:
        """Give up the lease; what lies in the folder of this process is for others."""
        own = self._folder / self._keeper.own
        self._keeper.stop()
        if not journals_below(own):
            _tidy(own)
            _remove(own.parent)

    def _take(self, name: str, seen: Seen, home: str) -> None:
        if not self._leases.take(name, seen, home):
            return
        source = self._folder / name
        target = self._folder / home / name.replace("/", ".")
        with journal_errors():
            try:
                os.rename(source, target)
                sync_folder(target.parent)
                sync_folder(source.parent)
                self._moved[target] = time.monotonic()
            except FileNotFoundError:
                pass  # its process ended well, or who had the lease before has moved it
        _remove(source.parent)
        self._leases.end(name, home)

    def _names(self) -> list[str]:
        """Return the processes whose folders have a journal in them."""
        with journal_errors():
            try:
                owners = [one for one in self._folder.iterdir() if OWNER.fullmatch(one.name)]
            except FileNotFoundError:
                return []
            return [
                f"{owner.name}/{process.name}"
                for owner in owners
                for process in _folders_in(owner)
                if journals_below(process)
            ]


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if one.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def journals_below(folder: Path) -> list[Path]:
    """Return the files of journals in a folder and below it."""
    found = []
    for place, _, names in os.walk(folder):
        found += [
            Path(place, name)
            for name in names
            if name.endswith(SUFFIX) and not name.startswith(".")
        ]
    return sorted(found)


def _tidy(folder: Path) -> None:
    """Remove a folder and those below it, as far as nothing is in them."""
    for place, _, _ in os.walk(folder, topdown=False):
        _remove(Path(place))


def _remove(folder: Path) -> None:
    """Remove a folder if nothing is in it."""
    with suppress(OSError):
        folder.rmdir()
