"""A batch is described by the parameters of its run."""

import json
from dataclasses import replace

import pytest

from crispml_core.pipelines.batches.requests import BatchJob

JOB = BatchJob(parquet="orders.parquet", sink="scores/2026", chunk_rows=40, version="v1")
SQL = replace(JOB, parquet=None, query="SELECT 1", connection="warehouse")


@pytest.mark.parametrize("job", [JOB, SQL, replace(JOB, alias="champion", fallback=True)])
def test_a_job_comes_back_from_the_parameters_of_its_run(job):
    assert BatchJob.of(json.loads(json.dumps(job.parameters()))) == job
