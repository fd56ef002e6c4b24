"""A PostgreSQL server of its own for a test, which may stop, freeze and refuse it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy import URL, make_url

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "postgresql.sh"
# Few, so that a test can take all of them.
_CONNECTIONS, _TAKEN_S = 40, 30.0
_END_THOSE_OF_SERVICES = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'crispml-%'"
)


def is_installed() -> bool:
    """Return whether this machine has the programs of the server."""
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


class Postgresql:
    """A server in a folder; it lives from entry to exit, whatever was done to it.

    Parameters
    ----------
    folder : Path
        Where it keeps everything; the user of the server must be able to reach it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._url: URL

    def __enter__(self) -> Postgresql:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.thaw()
        if self._processes():
            self.stop("immediate")

    @property
    def port(self) -> int:
        """Where it listens on this machine."""
        assert self._url.port is not None
        return self._url.port

    def start(self) -> None:
        """Start it, again as it was before."""
        done = subprocess.run(
            [SCRIPT, "start", self._folder, f"-c max_connections={_CONNECTIONS}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        self._url = make_url(done.stdout.strip())

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends transactions in order, `immediate` is a crash."""
        subprocess.run([SCRIPT, "stop", self._folder, mode], stderr=subprocess.DEVNULL, check=True)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let no process of the server run inside the block; its sockets stay open."""
        main = self._processes()[0]
        main.suspend()  # first, so that it starts no other
        for process in main.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            self.thaw()

    def thaw(self) -> None:
        """Let all processes of the server run."""
        for process in self._processes():
            # A worker of it may have ended since it was listed.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def make_database(self, name: str, **options: str) -> str:
        """Make an empty database, in place of an earlier one, and return its URL."""
        more = " ".join(f"{key} {value}" for key, value in options.items())
        self.ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.ask(f"CREATE DATABASE {name} {more}")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def own(self, folder: Path) -> None:
        """Make a folder that the server may write."""
        folder.mkdir(parents=True)
        owner = (self._folder / "data").stat()
        os.chown(folder, owner.st_uid, owner.st_gid)

    def ask(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Execute statements, each by itself, and return the rows of the last one."""
        rows: list[Any] = []
        with self._connect(database) as connection:
            for statement in statements:
                found = connection.execute(statement.encode())
                rows = found.fetchall() if found.description else []
        return rows

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Take no change inside the block, as a standby does."""
        self.ask("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        try:
            yield
        finally:
            self.ask(
                "SET default_transaction_read_only = off",
                "ALTER SYSTEM RESET default_transaction_read_only",
                "SELECT pg_reload_conf()",
            )

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Have no connection for anybody else inside the block."""
        held: list[psycopg.Connection[Any]] = []
        stop, all_taken = threading.Event(), threading.Event()

        def hold() -> None:
            while not stop.is_set():
                try:
                    held.append(self._connect())
                except psycopg.OperationalError:
                    # What others still have is ended, and taken as soon as it is free.
                    if not held[0].execute(_END_THOSE_OF_SERVICES).fetchall():
                        all_taken.set()
                    stop.wait(0.01)

        holder = threading.Thread(target=hold, name="holder")
        held.append(self._connect())
        holder.start()
        try:
            assert all_taken.wait(_TAKEN_S), "the connections were not taken"
            yield
        finally:
            stop.set()
            holder.join()
            for connection in held:
                connection.close()

    def _connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="crispml", dbname=database, autocommit=True
        )

    def _processes(self) -> list[psutil.Process]:
        """Return the processes of the server, the first one first; none when it is stopped."""
        try:
            number = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
            main = psutil.Process(number)
            return [main, *main.children(recursive=True)]
        except (FileNotFoundError, psutil.NoSuchProcess):
            return []
