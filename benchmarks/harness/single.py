"""One record per request, over 1, 16 and 64 connections."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from functools import partial
from typing import Any

from benchmarks.harness.fleet import TROUBLE, Fleet, interleave
from benchmarks.harness.load import Load, LoadFailed, Requests, run_wrk
from benchmarks.harness.ours import OURS
from benchmarks.harness.places import HOME
from benchmarks.harness.process import ServerProcess
from benchmarks.harness.servers import RECORD, Server
from benchmarks.harness.workbench import Workbench
from benchmarks.peers import HELLO

# Different records, so that no answer can be remembered.
_RECORDS = 4096
_WARM_S, _WARM_CONNECTIONS, _PROOF_S, _PROOF_CONNECTIONS = 1, 4, 1, 64
# A server that answers nothing in the time of a load gets that many times more, once.
_PATIENCE = 4
Loads = dict[int, Load]


def measure_single(
    bench: Workbench,
    algorithm: str,
    servers: Iterable[Server],
    connections: tuple[int, ...] | None = None,
) -> dict[str, Any]:
    """Return requests per second and latencies by server and number of connections."""
    with Fleet(bench, servers, algorithm) as fleet:
        turns = {
            name: partial(_turn, bench, fleet, process, _requests(bench, process.server), wanted)
            for name, process in fleet.processes.items()
            if (wanted := connections or _connections(bench, process.server))
        }
        found = interleave(turns, bench.sizes.rounds, fleet.note)
        if OURS.name in found:
            try:
                _prove(bench, fleet)
            except TROUBLE as error:
                fleet.note(OURS.name, error)
    figures: dict[str, Any] = {
        name: summarize(rounds) for name, rounds in found.items() if name not in fleet.problems
    }
    return figures | {name: {"error": problem} for name, problem in fleet.problems.items()}


def summarize(rounds: list[Loads]) -> dict[str, Any]:
    """Return medians over the rounds, and the requests per second of each."""
    return {
        str(connections): {
            "requests_per_s": round(statistics.median(_rates(rounds, connections)), 1),
            "p50_ms": round(statistics.median(r[connections].p50_ms for r in rounds), 3),
            "p99_ms": round(statistics.median(r[connections].p99_ms for r in rounds), 3),
            "rounds": [round(rate, 1) for rate in _rates(rounds, connections)],
        }
        for connections in rounds[0]
    }


def _rates(rounds: list[Loads], connections: int) -> list[float]:
    return [loads[connections].requests_per_s for loads in rounds]


def _connections(bench: Workbench, server: Server) -> tuple[int, ...]:
    sizes = bench.sizes
    return sizes.connections if server in (OURS, HELLO) else sizes.peer_connections


def _requests(bench: Workbench, server: Server) -> Requests:
    file = HOME / "requests" / f"{server.name}.txt"
    if server is HELLO:
        return Requests.write(file, "GET", server.ready, {}, [b""])
    form, records = server.forms[RECORD], bench.rows(_RECORDS)
    bodies = [form.encode(records[row : row + 1]) for row in range(_RECORDS)]
    return Requests.write(file, form.method, form.path, form.headers, bodies)


def _turn(
    bench: Workbench,
    fleet: Fleet,
    process: ServerProcess,
    requests: Requests,
    connections: tuple[int, ...],
) -> Loads:
    with process.awake():
        _load(bench, fleet, process, requests, _WARM_CONNECTIONS, _WARM_S)
        return {
            count: _load(bench, fleet, process, requests, count, bench.sizes.seconds)
            for count in connections
        }


def _load(
    bench: Workbench,
    fleet: Fleet,
    process: ServerProcess,
    requests: Requests,
    connections: int,
    seconds: int,
) -> Load:
    with fleet.acknowledging(process) as told:
        for wait in (seconds, seconds * _PATIENCE):
            load = run_wrk(process.url, requests, connections=connections, seconds=wait)
            # Each connection has at most one request on its way when the time is over.
            told.add(acknowledged=load.acknowledged, cut=connections)
            told.add(acknowledged=_drain(bench, process))
            if load.requests:
                return load
        raise LoadFailed(f"no request was answered in {wait} s")


def _drain(bench: Workbench, process: ServerProcess) -> int:
    """Wait for one more answer, so that what a load left in the queue is not met by the next."""
    if process.server is HELLO:
        return 0
    form = process.server.forms[RECORD]
    with process.connect() as connection:
        connection.send(form, form.encode(bench.rows(1)))
    return 1


def _prove(bench: Workbench, fleet: Fleet) -> None:
    """Write down every acknowledged score of one more load, and look for each in the ledger."""
    process = fleet.processes[OURS.name]
    requests = Requests(HOME / "requests" / f"{OURS.name}.txt")
    written = HOME / "requests" / "acknowledged.txt"
    with process.awake():
        with fleet.acknowledging(process) as told:
            load = run_wrk(
                process.url,
                requests,
                connections=_PROOF_CONNECTIONS,
                seconds=_PROOF_S,
                acknowledged=written,
            )
            told.add(acknowledged=load.acknowledged, cut=_PROOF_CONNECTIONS)
        bench.proof.check(written, process.folder / "crispml.db")
