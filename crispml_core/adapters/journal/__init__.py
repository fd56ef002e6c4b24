"""Scores that wait on a volume while the database is away.

A journal is one file per process, made of frames that are forced to the volume one by one. The
parts: how a frame is told from damage, the file with its lock, what a payload means, and the folder
in which a process finds what others left: `folder` on a volume of one machine, where the lock of a
file tells who lives, and `shared_folder` on one of many, where leases do. Nothing here knows a
database.
"""

from crispml_core.adapters.journal.folder import FileJournals
from crispml_core.adapters.journal.shared_folder import SharedJournals

__all__ = ["FileJournals", "SharedJournals"]
