"""A trained world per session, a copy of it per test, and scoring services on the copies."""

from __future__ import annotations

import fcntl
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.postgresql import Postgresql, is_installed
from benchmarks.faults.service import Service
from benchmarks.faults.stores import can_mount, small_volume
from benchmarks.faults.truth import Truth
from benchmarks.faults.world import World, make_world
from tests.servers import missing


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> World:
    """Two trained versions; the processes of one test run share them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "faults"
    folder.mkdir(exist_ok=True)
    facts = folder / "versions.json"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not facts.exists():
            world = make_world(folder / "world")
            facts.write_text(json.dumps([*world.versions, str(world.definition)]))
    first, second, definition = json.loads(facts.read_text())
    return World(folder / "world" / "stores", (first, second), Path(definition))


@pytest.fixture
def world(trained: World, tmp_path: Path) -> World:
    """Stores that a test may damage."""
    return trained.copy(tmp_path / "stores")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    """A PostgreSQL server that the tests of one module may stop and freeze."""
    if not is_installed():
        missing("there is no PostgreSQL server to be stopped")
    # Not below the folder of the tests, which the user of the server may not enter.
    with (
        tempfile.TemporaryDirectory(prefix="postgresql-") as folder,
        Postgresql(Path(folder)) as started,
    ):
        yield started


@pytest.fixture
def server_world(world: World, server: Postgresql) -> World:
    """The stores of the test with an empty database of the server."""
    return world.on(server.make_database("scores"))


@pytest.fixture
def server_truth(server_world: World) -> Iterator[Truth]:
    """What the ledger of the test holds on the server."""
    found = Truth(server_world)
    yield found
    found.close()


@pytest.fixture
def serve(world: World) -> Iterator[Callable[..., Service]]:
    """Start services on the stores of the test; they are killed at its end."""
    with ExitStack() as stack:

        def start(*, on: World = world, is_ready: bool = True, **settings: Any) -> Service:
            names = {f"CRISPML_{name.upper()}": str(value) for name, value in settings.items()}
            return stack.enter_context(Service(on, names, is_ready=is_ready))

        yield start


@pytest.fixture
def truth(world: World) -> Iterator[Truth]:
    """What the ledger of the test holds."""
    found = Truth(world)
    yield found
    found.close()


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Make small file systems: ``volume("journal", "1m")``."""
    if not can_mount(tmp_path / "probe"):
        missing("this user may not mount file systems")
    with ExitStack() as stack:

        def make(name: str, size: str) -> Path:
            folder = tmp_path / name
            stack.enter_context(small_volume(folder, size))
            return folder

        yield make
