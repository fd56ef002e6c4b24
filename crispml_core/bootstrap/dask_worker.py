"""A worker of a Dask cluster as a process of CrispML: ``dask worker --preload`` of this module.

The worker reads its own settings and loads its use cases before it offers itself to the scheduler.
A task brings the name of a use case, and takes the use case itself from here.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog

from crispml_core import __version__
from crispml_core.domain.errors import CrispMLError, InvalidInput, NotReady
from crispml_core.domain.use_case import UseCase
from crispml_core.logs import configure_logging
from crispml_core.logs.dask import log_dask
from crispml_core.settings import CrispMLSettings, load_settings
from crispml_core.use_cases.loader import load_use_cases


@dataclass(frozen=True)
class NamedUseCase:
    """What a task carries instead of a use case.

    Parameters
    ----------
    name, digest : str
        Of the use case that the service has loaded.
    environment : str
        Whose data and policies hold.
    release : str
        Of CrispML.
    """

    name: str
    digest: str
    environment: str
    release: str = __version__

    @classmethod
    def of(cls, use_case: UseCase, settings: CrispMLSettings) -> NamedUseCase:
        """Return the name of a use case of this process."""
        return cls(use_case.name, use_case.digest, settings.environment)


@cache
def worker_settings() -> CrispMLSettings:
    """Return the settings of this worker; see `load_settings` for the errors."""
    return load_settings()


@cache
def worker_use_cases() -> dict[str, UseCase]:
    """Return the use cases of this worker by name; see `load_use_cases` for the errors."""
    settings = worker_settings()
    return load_use_cases(settings.use_cases, settings.environment)


def worker_use_case(named: NamedUseCase) -> UseCase:
    """Return the use case that a task names.

    Raises
    ------
    NotReady
        If this worker has another one, or is another release of CrispML.
    """
    wrong = None
    if named.release != __version__:
        wrong = "is another release of CrispML: start all workers from the image of the service"
    elif named.environment != worker_settings().environment:
        wrong = "has another CRISPML_ENVIRONMENT: give it that of the service"
    elif named.name not in worker_use_cases():
        wrong = "does not load the use case: set its CRISPML_USE_CASES as those of the service"
    elif named.digest != worker_use_cases()[named.name].digest:
        wrong = "has another definition of the use case: give it the files of the service"
    if wrong is not None:
        raise NotReady(f"a worker of the cluster {wrong}, and start it again")
    return worker_use_cases()[named.name]


def dask_setup(worker: Any) -> None:
    """Make a CrispML process of a worker that starts, or end it and say what is wrong."""
    try:
        configure_logging(worker_settings().log, "worker")
        log_dask()
        if worker.state.nthreads != 1:
            raise InvalidInput(
                "a worker does one task at a time: start it with --nthreads 1, and as many "
                "with --nworkers as there are cores"
            )
        names = sorted(worker_use_cases())
    except CrispMLError as error:
        structlog.get_logger("crispml.worker").error("worker_not_started", error=error.message)
        logging.shutdown()
        sys.stdout.flush()
        # An exception Dask writes down and starts nevertheless, and by `sys.exit` only this process
        # would end and not the one that watches it.
        os._exit(1)
    structlog.get_logger("crispml.worker").info("worker_started", use_cases=names)
