"""The profile `dask`: workers compute what services hand over, on volumes that they share."""

from __future__ import annotations

import pytest

from crispml_core.cli.tour import take_tour
from tests.containers.engine import docker, timed

pytestmark = pytest.mark.proof

NAME = "german_credit"
# The records of the example without their truth, where batches lie.
SOURCE = f"""
import os
from pyarrow import csv, parquet
rows = csv.read_csv("/opt/use_cases/{NAME}/{NAME}.csv").drop_columns(["risk"])
os.makedirs("/var/lib/crispml/work/batches", exist_ok=True)
parquet.write_table(rows, "/var/lib/crispml/work/batches/applications.parquet")
print(len(rows))
"""
DONE = """
from distributed import Client
with Client("tcp://dask-scheduler:8786") as client:
    print(*client.run(lambda dask_worker: dask_worker.state.executed_count).values())
"""


def test_workers_prepare_report_and_score_what_the_services_hand_over(stack):
    project = stack(("dask",))
    project.up()

    def inside(service: str, program: str) -> str:
        return docker("exec", project.container(service), "python", "-c", program).stdout.strip()

    with project.client() as client:
        with timed("the whole cycle on a cluster"):
            tour = take_tour(client, NAME, seed=1, report=lambda share, stage: None)
        prepared = [int(tasks) for tasks in inside("training", DONE).split()]
        assert len(prepared) == 2
        assert sum(prepared) >= 2, "a preparation and a report"
        rows = int(inside("scoring", SOURCE))
        job = client.scoring.score_job(
            NAME, "scored", parquet="applications.parquet", chunk_rows=50
        )
        with timed("a batch on a cluster"):
            ended = client.scoring.wait(job)
        scored = [int(tasks) for tasks in inside("training", DONE).split()]
    assert tour.scored > 0
    assert ended.result["rows"] == rows
    assert all(after > before for before, after in zip(prepared, scored, strict=True))
