"""Processes that share a queue of runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.contract.test_run_store import METHODS, a_run

# Takes runs until none is queued, and prints which it got.
LEASE = """
import sys
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.run_store import SqlRunStore

runs = SqlRunStore(make_engine(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
while run := runs.lease(sys.argv[2], 30, tuple(sys.argv[3:])):
    print(run.id, flush=True)
"""


@pytest.mark.needs("tables")
def test_two_processes_lease_every_run_exactly_once(stores):
    queued = {stores.runs.enqueue(a_run(stores.clock)).id for _ in range(20)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", LEASE, stores.url, owner, *METHODS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for owner in ("one", "two")
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    leased = [worker.communicate(timeout=120)[0].split() for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(leased[0] + leased[1]) == sorted(queued)
