"""What was measured of a scoring process and its database, and where.

A figure counts only with its machine and its commit, so they are in the same file. The one that is
shipped is written by ``python -m benchmarks.capacity``; whoever has other machines, another model
or another disk measures again with ``crispml capacity measure`` and names the own file.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from crispml_core.capacity.service_times import Line, ServiceTimes
from crispml_core.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one process with its ledger on one kind of database.

    Parameters
    ----------
    request_cpu_us, group_cpu_us : float
        Processor time of the process for a request, and for a group of them.
    group_wait_us : float
        How long a group waits besides, for the disk or for the database.
    stalls_per_s, stall_ms : float
        How often the process does something else, and for how long.
    database_request_cpu_us, database_group_cpu_us : float
        Processor time of the database server; 0 where the process writes the file itself.
    request_bytes, group_bytes : float
        By how much the database grows.
    idle_mib, connection_kib : float
        Memory of a process that has scored, and of each open connection.
    """

    request_cpu_us: float
    group_cpu_us: float
    group_wait_us: float
    stalls_per_s: float
    stall_ms: float
    database_request_cpu_us: float
    database_group_cpu_us: float
    request_bytes: float
    group_bytes: float
    idle_mib: float
    connection_kib: float

    @property
    def times(self) -> ServiceTimes:
        """What the process needs for its groups."""
        return ServiceTimes(
            request_s=self.request_cpu_us / 1e6,
            group_s=(self.group_cpu_us + self.group_wait_us) / 1e6,
            stalls_per_s=self.stalls_per_s,
            stall_s=self.stall_ms / 1e3,
        )

    @property
    def cpu_us(self) -> Line:
        """Processor time of a request by the size of its group."""
        return Line(each=self.request_cpu_us, group=self.group_cpu_us)

    @property
    def database_cpu_us(self) -> Line:
        """Processor time of the database server for a request."""
        return Line(each=self.database_request_cpu_us, group=self.database_group_cpu_us)

    @property
    def bytes(self) -> Line:
        """What a score takes in the database."""
        return Line(each=self.request_bytes, group=self.group_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What was measured with one kind of database, and where.

    Parameters
    ----------
    data : str
        What was scored.
    """

    commit: str
    measured_at: str
    machine: dict[str, Any]
    data: str
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A file of measurements.

    Parameters
    ----------
    databases : dict of Measurement
        By the kind of database: ``sqlite``, ``postgresql``.
    """

    databases: dict[str, Measurement]

    def on(self, database: str) -> Measurement:
        """Return what was measured with a kind of database."""
        if database not in self.databases:
            known = " and ".join(sorted(self.databases))
            raise InvalidInput(f"--database: measurements are there of {known} only")
        return self.databases[database]


def read(file: Path | None = None) -> Measured:
    """Return the measurements of a file, or those that are shipped.

    Raises
    ------
    InvalidInput
        If the file is not what ``crispml capacity measure`` writes.
    """
    source = files(__package__).joinpath("measured.json") if file is None else file
    try:
        return msgspec.json.decode(source.read_bytes(), type=Measured)
    except msgspec.MsgspecError as error:
        where = str(error).rpartition(" - at ")[2] if " - at " in str(error) else "the file"
        raise InvalidInput(
            f"the measurements cannot be read at {where}; "
            "`crispml capacity measure --to FILE` writes such a file"
        ) from None


def write(file: Path, measured: Measured) -> None:
    """Write measurements to a file that `read` takes."""
    content = msgspec.json.format(msgspec.json.encode(measured), indent=2)
    file.write_bytes(content + b"\n")
