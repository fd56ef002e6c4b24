"""A worker of a cluster refuses to start, or a task, and says what to do."""

from __future__ import annotations

import json
import logging
import pickle
from dataclasses import replace
from types import SimpleNamespace

import pytest

from crispml_core.bootstrap import dask_worker
from crispml_core.bootstrap.dask_tasks import sender
from crispml_core.bootstrap.dask_worker import NamedUseCase, dask_setup, worker_use_case
from crispml_core.domain.errors import NotReady
from crispml_core.domain.search import Search
from crispml_core.logs.dask import log_dask
from crispml_core.pipelines.searched_folds import SearchJob, score_fold
from crispml_core.settings import CrispMLSettings


@pytest.fixture
def known(toy, monkeypatch):
    """The use case that this worker has loaded."""
    known = replace(toy, digest="d" * 64)
    monkeypatch.setattr(dask_worker, "worker_settings", CrispMLSettings)
    monkeypatch.setattr(dask_worker, "worker_use_cases", lambda: {known.name: known})
    return known


def test_a_task_finds_the_use_case_that_it_names(known):
    assert worker_use_case(NamedUseCase.of(known, CrispMLSettings())) is known


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"release": "0.0.9"}, "start all workers from the image of the service"),
        ({"environment": "prod"}, "CRISPML_ENVIRONMENT"),
        ({"name": "other"}, "CRISPML_USE_CASES"),
        ({"digest": "e" * 64}, "give it the files of the service"),
    ],
)
def test_a_worker_that_differs_from_the_service_says_in_what(known, changes, advice):
    named = replace(NamedUseCase.of(known, CrispMLSettings()), **changes)
    with pytest.raises(NotReady, match=advice):
        worker_use_case(named)


def test_what_goes_to_a_worker_is_names_and_numbers(toy):
    """The function of a use case would make it larger, and so would its rows."""
    job = SearchJob("run", "prepared", "tree", Search(), 7)
    task = sender(CrispMLSettings())(toy, score_fold, job)
    sent = pickle.dumps(task)
    assert pickle.loads(sent) == task
    assert len(sent) < 1000


@pytest.fixture
def log_kept():
    """Loggers as they were, after a process of ours has taken them over."""
    names = (None, "distributed", "distributed.client", "distributed.worker", "tornado")
    loggers = [logging.getLogger(name) for name in names]
    before = [(each.handlers[:], each.level, each.propagate, each.filters[:]) for each in loggers]
    yield
    for logger, (handlers, level, propagate, filters) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate, logger.filters = handlers, propagate, filters
        logger.setLevel(level)
    logging.captureWarnings(False)


def started(threads, capsys):
    dask_setup(SimpleNamespace(state=SimpleNamespace(nthreads=threads)))
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def ended(status):
    raise SystemExit(status)


def test_a_worker_that_starts_says_what_it_has_loaded(known, capsys, log_kept):
    said = started(1, capsys)
    assert (said["event"], said["use_cases"]) == ("worker_started", [known.name])


def test_a_worker_with_several_threads_ends_with_a_sentence(known, capsys, log_kept, monkeypatch):
    monkeypatch.setattr("os._exit", ended)
    with pytest.raises(SystemExit) as end:
        started(2, capsys)
    assert end.value.code == 1
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["event"] == "worker_not_started"
    assert "--nthreads 1" in said["error"]


def test_dask_writes_neither_arguments_nor_texts_of_exceptions(log_kept, caplog):
    log_dask()
    with caplog.at_level(logging.WARNING):
        logging.getLogger("distributed.worker").error("Compute Failed\nKey: %s", "Meier")
    assert "Meier" not in caplog.text
    assert "the log of the service says why" in caplog.text
