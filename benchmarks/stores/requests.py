"""The scoring service over 64 connections, with its ledger on each database in turn."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from benchmarks.adult.models import ALGORITHMS
from benchmarks.harness.fleet import interleave
from benchmarks.harness.ledger import Account, ScoresLost
from benchmarks.harness.load import Load, Requests, run_wrk
from benchmarks.harness.ours import OURS
from benchmarks.harness.places import CLIENT_CORE, HOME, SERVER_CORE
from benchmarks.harness.process import ServerProcess
from benchmarks.harness.say import say
from benchmarks.harness.servers import RECORD
from benchmarks.harness.workbench import Workbench
from benchmarks.stores.servers import Database, carry_aliases, stored_scores

CONNECTIONS = 64
BESIDE_THE_CLIENT, BESIDE_THE_SERVICE = "beside_the_client", "beside_the_service"
_CORES = {BESIDE_THE_CLIENT: CLIENT_CORE, BESIDE_THE_SERVICE: SERVER_CORE}
# Different records, so that no answer can be remembered.
_RECORDS = 4096
_WARM_S, _WARM_CONNECTIONS = 1, 4


@dataclass(slots=True)
class Running:
    """A service with its ledger on a database, and what its clients were told."""

    database: Database
    process: ServerProcess
    url: str
    account: Account


@dataclass(frozen=True, slots=True)
class Turn:
    """A load, and the CPU time of one request: of the service, and of the database server."""

    load: Load
    service_cpu_us: float
    server_cpu_us: float


def measure_requests(bench: Workbench, databases: dict[str, Database]) -> dict[str, Any]:
    """Return requests per second and latencies by database and place of its server."""
    requests = write_requests(bench)
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(running_on(bench, database))
            for name, database in databases.items()
        }
        turns = {}
        for name, one in running.items():
            places = _CORES if one.database.server else (BESIDE_THE_CLIENT,)
            for place in places:
                turns[_turn_name(name, place)] = partial(_turn, bench, one, requests, place)
        found = interleave(turns, bench.sizes.rounds, _note)
        return {
            **{turn: _summary(loads) for turn, loads in found.items()},
            "ledgers": {name: asdict(one.account) for name, one in running.items()},
        }


def _turn_name(name: str, place: str) -> str:
    return name if place == BESIDE_THE_CLIENT else f"{name}_{place}"


@contextlib.contextmanager
def running_on(bench: Workbench, database: Database) -> Iterator[Running]:
    """Start a service with its ledger on a database, and let it sleep until it is measured."""
    folder = bench.folder(OURS, ALGORITHMS[0])
    trained = f"sqlite:///{folder / 'crispml.db'}"
    url = database.url(folder)
    if url != trained:
        carry_aliases(trained, url)
    server = replace(
        OURS,
        name=f"crispml-{database.name}",
        variables=lambda start: {**OURS.variables(start), "CRISPML_DATABASE__URL": url},
    )
    say(f"starting the service on {database.title}")
    try:
        with ServerProcess(server, sys.executable, folder) as process:
            process.sleep()
            yield Running(database, process, url, Account(stored=stored_scores(url)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _turn(bench: Workbench, one: Running, requests: Requests, place: str) -> Turn:
    one.database.move_to(_CORES[place])
    with one.process.awake():
        _load(bench, one, requests, _WARM_CONNECTIONS, _WARM_S)
        before = one.process.cpu_s(), one.database.cpu_s()
        load = _load(bench, one, requests, CONNECTIONS, bench.sizes.seconds)
        after = one.process.cpu_s(), one.database.cpu_s()
    one.database.settle()
    service, server = (
        1e6 * (now - then) / load.requests for now, then in zip(after, before, strict=True)
    )
    return Turn(load, service, server)


def _load(
    bench: Workbench, one: Running, requests: Requests, connections: int, seconds: int
) -> Load:
    load = run_wrk(one.process.url, requests, connections=connections, seconds=seconds)
    form = OURS.forms[RECORD]
    with one.process.connect() as connection:  # waits behind all that is still on its way
        connection.send(form, form.encode(bench.rows(1)))
    account = one.account
    account.acknowledged += load.acknowledged + 1
    account.cut += connections
    account.stored = stored_scores(one.url)
    if not account.holds:
        raise ScoresLost(
            f"{account.acknowledged} scores were acknowledged, {account.stored} are stored"
        )
    return load


def bodies(bench: Workbench) -> list[bytes]:
    """Return requests of one record each."""
    form, records = OURS.forms[RECORD], bench.rows(_RECORDS)
    return [form.encode(records[row : row + 1]) for row in range(_RECORDS)]


def write_requests(bench: Workbench) -> Requests:
    """Write the requests for ``wrk``."""
    form = OURS.forms[RECORD]
    file = HOME / "requests" / "databases.txt"
    return Requests.write(file, form.method, form.path, form.headers, bodies(bench))


def _summary(turns: list[Turn]) -> dict[str, Any]:
    loads = [turn.load for turn in turns]
    return {
        "requests_per_s": round(statistics.median(load.requests_per_s for load in loads)),
        "p50_ms": round(statistics.median(load.p50_ms for load in loads), 2),
        "p99_ms": round(statistics.median(load.p99_ms for load in loads), 2),
        "service_cpu_us": round(statistics.median(turn.service_cpu_us for turn in turns)),
        "server_cpu_us": round(statistics.median(turn.server_cpu_us for turn in turns)),
        "rounds": [round(load.requests_per_s) for load in loads],
    }


def _note(name: str, error: Exception) -> None:
    say(f"{name} is left out: {type(error).__name__}: {error}")
