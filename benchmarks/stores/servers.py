"""The databases that are measured, each with a server of its own where it has one."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import func, insert, make_url, select

from benchmarks.harness.cores import both_cores
from benchmarks.harness.places import ROOT
from crispml_core.adapters.sql.databases.engine import make_engine, reading, writing
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import alias_events, metadata, score_rows

DB2_VARIABLE = "CRISPML_TEST_DB2_URL"
SQLITE, POSTGRESQL, DB2 = "sqlite", "postgresql", "db2"
# The last words of the script's options count: tests wait for no disk, commits here do.
_DURABLE = ("-c fsync=on", "-c synchronous_commit=on", "-c full_page_writes=on")
_SCRIPT = ROOT / "scripts" / "postgresql.sh"


@dataclass(frozen=True, slots=True)
class Database:
    """A kind of database.

    Parameters
    ----------
    url : callable
        Takes a folder, and returns the URL of an empty database with the tables of this release.
    server : int or None
        Process of its server, whose children serve connections.
    settle : callable
        Lets the server do now what it would do in somebody else's turn.
    """

    name: str
    title: str
    url: Callable[[Path], str]
    server: int | None = None
    settle: Callable[[], None] = field(default=lambda: None)

    def move_to(self, *cores: int) -> None:
        """Let its server run on some cores, with all that it has started."""
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.cpu_affinity(list(cores))

    def cpu_s(self) -> float:
        """Return the CPU time of its server so far, with that of its processes that ended."""
        spent = 0.0
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended: its parent has its time now
                spent += sum(process.cpu_times()[:4])
        return spent

    def _tree(self) -> list[psutil.Process]:
        if self.server is None:
            return []
        mother = psutil.Process(self.server)
        return [mother, *mother.children(recursive=True)]


@contextlib.contextmanager
def databases(folder: Path) -> Iterator[dict[str, Database]]:
    """Start what there is: SQLite always, PostgreSQL as Debian packs it, Db2 by its address."""
    found = {SQLITE: Database(SQLITE, "SQLite", _sqlite_url)}
    with contextlib.ExitStack() as stack:
        found[POSTGRESQL] = stack.enter_context(_postgresql(folder / "postgresql"))
        if url := os.environ.get(DB2_VARIABLE):
            found[DB2] = Database(DB2, "Db2 protocol", lambda _: _emptied(url))
        yield found


def carry_aliases(source: str, target: str) -> None:
    """Let a database say which version is the champion, as the one does that saw the training."""
    with reading(make_engine(source)) as connection:
        moves = [row._asdict() for row in connection.execute(select(alias_events))]
    with writing(make_engine(target)) as connection:
        connection.execute(insert(alias_events), moves)


def stored_scores(url: str) -> int:
    """Return how many scores a database holds."""
    engine = make_engine(url)
    with reading(engine) as connection:
        count = int(connection.execute(select(func.count()).select_from(score_rows)).scalar_one())
    engine.dispose()
    return count


def _sqlite_url(folder: Path) -> str:
    url = f"sqlite:///{folder / 'crispml.db'}"
    migrate.upgrade(url)
    return url


@contextlib.contextmanager
def _postgresql(folder: Path) -> Iterator[Database]:
    """Start a server whose commits wait for the disk, as those of SQLite do here."""
    folder.mkdir(parents=True, exist_ok=True)
    with both_cores():
        started = subprocess.run(
            [_SCRIPT, "start", folder, *_DURABLE], stdout=subprocess.PIPE, text=True, check=True
        )
    address, made = make_url(started.stdout.strip()), []

    def say(statement: str) -> None:
        engine = make_engine(address.render_as_string(hide_password=False))
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(statement)
        engine.dispose()

    def url(_: Path) -> str:
        made.append(f"measured_{len(made)}")
        say(f"CREATE DATABASE {made[-1]}")
        new = address.set(database=made[-1]).render_as_string(hide_password=False)
        migrate.upgrade(new)
        return new

    engine = make_engine(started.stdout.strip())
    with reading(engine) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            if connection.exec_driver_sql(f"SHOW {name}").scalar_one() != "on":
                raise SystemExit(f"PostgreSQL has {name} off: a commit would not wait for the disk")
    engine.dispose()
    try:
        process = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        yield Database(
            POSTGRESQL, "PostgreSQL", url, server=process, settle=lambda: say("CHECKPOINT")
        )
    finally:
        subprocess.run([_SCRIPT, "stop", folder], check=True)


def _emptied(url: str) -> str:
    """Return a database that is there, with its tables emptied: it may hold nothing of value."""
    migrate.upgrade(url)
    with writing(make_engine(url)) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return url
