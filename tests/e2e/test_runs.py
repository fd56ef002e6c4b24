"""Runs in real worker processes: killed, cancelled, too slow, stopped with their service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from crispml_core.bootstrap.training import build
from crispml_core.bootstrap.training_background import build_executor
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import Conflict
from crispml_core.domain.runs import RunStatus

# A service that executes runs and nothing else.
SERVICE = """
import time
from crispml_core.bootstrap.training import build
from crispml_core.bootstrap.training_background import build_executor
from crispml_core.settings import load_settings
build_executor(build(load_settings())).start()
time.sleep(60)
"""

SLOW = {"hyperparameters": {"patient": {"seconds": 30}}}


@pytest.fixture
def executor(parts):
    built = build_executor(parts)
    built.start()
    yield built
    built.stop()


def is_training(run):
    return run.status is RunStatus.RUNNING and "model-training" in run.stage


def is_final(run):
    return run.status.is_final


def environment(settings):
    return {
        **os.environ,
        "CRISPML_USE_CASES": ",".join(settings.use_cases),
        "CRISPML_DATABASE__URL": settings.database.url.get_secret_value(),
        "CRISPML_REGISTRY__PATH": str(settings.registry.path),
        "CRISPML_RUNS__LEASE_S": str(settings.runs.lease_s),
        "CRISPML_RUNS__HEARTBEAT_S": str(settings.runs.heartbeat_s),
    }


def worker_of(executor):
    (job,) = executor._jobs
    return job.process.pid


def test_a_cycle_runs_to_a_version(parts, executor, submit, until):
    run = until(submit(promote=True), is_final)
    assert run.status is RunStatus.SUCCEEDED, run.error
    assert run.percent == 100
    assert [step.method for step in run.steps] == [
        "data-ingestion",
        "data-preparation",
        "data-curation",
        "model-training",
        "model-report",
        "model-persist",
    ]
    assert run.result["promoted"]
    event = parts.aliases.current("patience", "champion")
    assert event.version == run.result["best"]
    assert parts.models.get("patience", event.version).lineage.run == run.id


def test_the_same_data_are_the_same_data_set(parts, executor, submit, until):
    first = until(submit(), is_final)
    second = until(submit(), is_final)
    assert first.result["dataset_id"] == second.result["dataset_id"]
    assert first.result["best"] != second.result["best"]
    assert len(parts.datasets.find("patience", Stage.RAW)) == 1


@pytest.mark.trial
def test_a_killed_worker_fails_its_run_and_leaves_nothing_behind(
    parts, executor, submit, until, staged
):
    run = submit(**SLOW)
    until(run, is_training)
    versions = parts.models.versions("patience")
    os.kill(worker_of(executor), signal.SIGKILL)
    failed = until(run, is_final, 10)
    assert failed.status is RunStatus.FAILED
    assert failed.error.code == "worker_lost"
    assert "SIGKILL" in failed.error.message
    assert parts.models.versions("patience") == versions == []
    deadline = time.monotonic() + 5
    while staged() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert staged() == []
    assert until(submit(), is_final).status is RunStatus.SUCCEEDED


@pytest.mark.trial
def test_a_run_whose_service_died_too_is_failed_when_its_lease_expires(
    parts, settings, submit, until
):
    """The first service is taken off the air without a word; another one cleans up after it."""
    run = submit(**SLOW)
    service = subprocess.Popen([sys.executable, "-c", SERVICE], env=environment(settings))
    try:
        until(run, is_training)
        children = psutil.Process(service.pid).children(recursive=True)
    finally:
        service.kill()
        service.wait()
    psutil.wait_procs(children, timeout=10)
    assert not [child for child in children if child.is_running()], "the worker outlived it"
    second = build_executor(parts)
    second.start()
    try:
        failed = until(run, is_final, 15)
        assert failed.status is RunStatus.FAILED
        assert failed.error.code == "worker_lost"
        assert until(submit(), is_final).status is RunStatus.SUCCEEDED
    finally:
        second.stop()


def test_a_second_service_never_touches_a_live_run(parts, settings, executor, submit, until):
    run = submit(hyperparameters={"patient": {"seconds": 8}})
    until(run, is_training)
    own = build(settings)
    other = build_executor(own)
    other.start()
    try:
        time.sleep(3)  # longer than the lease
        assert parts.runs.get(run.id).status is RunStatus.RUNNING
        assert other._jobs == []
        assert until(run, is_final).status is RunStatus.SUCCEEDED
    finally:
        other.stop()
        own.close()


def test_a_running_run_can_be_cancelled_even_inside_a_long_fit(parts, executor, submit, until):
    run = submit(**SLOW)
    until(run, is_training)
    parts.runs.request_cancel(run.id)
    cancelled = until(run, is_final, 10)
    assert cancelled.status is RunStatus.CANCELLED
    assert cancelled.error.code == "run_cancelled"


def test_a_run_that_takes_too_long_is_stopped_and_says_so(executor, submit, until):
    run = until(submit(timeout_s=2, **SLOW), is_final, 20)
    assert run.status is RunStatus.FAILED
    assert run.error.code == "run_timed_out"
    assert "timeout_s of 2" in run.error.message


def test_a_stopped_service_fails_its_run_and_says_so(parts, executor, submit, until):
    run = submit(**SLOW)
    until(run, is_training)
    executor.stop()
    found = parts.runs.get(run.id)
    assert (found.status, found.error.code) == (RunStatus.FAILED, "service_stopped")


def test_a_second_cycle_of_the_same_use_case_is_refused_by_name_of_the_first(submit):
    first = submit()
    with pytest.raises(Conflict, match=first.id):
        submit()


def test_a_failing_step_is_named_in_the_error(parts, executor, submit, until, settings):
    dataset_id = until(submit("data-ingestion"), is_final).result["dataset_id"]
    damaged = settings.registry.path / "datasets" / dataset_id / "part-0.parquet"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    after = until(submit("data-preparation", dataset_id=dataset_id), is_final)
    assert after.status is RunStatus.FAILED
    assert after.error.code == "registry_damaged"
    assert after.error.step == "data-preparation"
    assert [dataset.id for dataset in parts.datasets.find("patience")] == [dataset_id]
