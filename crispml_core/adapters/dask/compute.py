"""Tasks on the workers of a Dask cluster, a few at a time and in order."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
from distributed import Client, Future, KilledWorker
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError
from distributed.security import Security

from crispml_core.adapters.dask.folds import FoldsBackend, looked_after
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.ports.compute import Look, Part, Result, no_look

# Each worker has one task and one that waits for it, so none of them waits for this process.
_AHEAD = 2
_LOOK_S = 0.5
_NO_WORKER = "CRISPML_COMPUTE__DASK_ADDRESS: the scheduler has no worker; start one"
_LOST = "CRISPML_COMPUTE__DASK_ADDRESS: the scheduler does not answer"


@dataclass(frozen=True)
class Tls:
    """The files by which this process and the cluster know each other, all PEM."""

    ca_file: Path
    cert_file: Path
    key_file: Path


class DaskCompute:
    """Computes on a cluster; see `crispml_core.ports.compute.Compute`.

    Nothing is asked of the scheduler before the first work.

    Parameters
    ----------
    address : str
        Of the scheduler, ``tls://host:8786`` or ``tcp://host:8786``.
    tls : Tls, optional
        Needed for ``tls://``.
    patience_s : float
        How long a work waits for the scheduler and for a first worker.
    """

    is_here = False

    def __init__(self, address: str, tls: Tls | None = None, patience_s: float = 30.0) -> None:
        self._address, self._tls, self._patience_s = address, tls, patience_s

    def map(
        self, task: Callable[[Part], Result], parts: Iterable[Part], *, look: Look = no_look
    ) -> Iterator[Result]:
        """Yield the result of each part; when it is left early, what waits is not begun."""
        with self._client() as client:
            waiting: deque[Future[Any]] = deque()
            try:
                for part in parts:
                    # Not pure: two works with equal parts are two works.
                    waiting.append(client.submit(task, part, pure=False))
                    # A cluster that grows meanwhile gets more.
                    while len(waiting) >= _AHEAD * max(1, len(client.nthreads())):
                        yield _result(waiting.popleft(), look)
                while waiting:
                    yield _result(waiting.popleft(), look)
            finally:
                client.cancel(list(waiting))

    @contextmanager
    def folds(self, look: Look = no_look) -> Iterator[None]:
        """Let joblib compute on the cluster."""
        with self._client() as client:
            backend = FoldsBackend(client=client)
            with (
                looked_after(backend, client, look, _LOOK_S, _is_lost),
                joblib.parallel_config(backend=backend),
                warnings.catch_warnings(),
            ):
                # That tasks are not awaited when somebody gives up is nothing to warn of.
                warnings.filterwarnings("ignore", category=UserWarning, module="joblib")
                try:
                    yield
                except TimeoutError as error:  # of joblib, which asks how many workers there are
                    raise StoreUnavailable(_NO_WORKER) from error
                except (KilledWorker, FutureCancelledError, CommClosedError) as error:
                    raise _told(error) from error

    @contextmanager
    def _client(self) -> Iterator[Client]:
        try:
            client = Client(
                self._address,
                security=self._security(),
                timeout=self._patience_s,
                set_as_default=False,
            )
        except (OSError, TimeoutError) as error:
            raise StoreUnavailable(f"{_LOST} within {self._patience_s:g} seconds") from error
        with client:
            try:
                client.wait_for_workers(1, timeout=self._patience_s)
            except TimeoutError as error:
                raise StoreUnavailable(_NO_WORKER) from error
            yield client

    def _security(self) -> Security | None:
        if self._tls is None:
            return None
        return Security(
            tls_ca_file=str(self._tls.ca_file),
            tls_client_cert=str(self._tls.cert_file),
            tls_client_key=str(self._tls.key_file),
            require_encryption=True,
        )


def _result(future: Future[Any], look: Look) -> Any:
    while True:
        try:
            return future.result(timeout=_LOOK_S)
        except TimeoutError as error:
            # It may be that of the task, or the task ended just after the wait for it.
            if future.status == "error":
                raise _told(future.exception() or error) from error
            if future.client.status != "running":  # a scheduler that comes back knows nothing of it
                raise _is_lost() from None
            look()
        except Exception as error:
            raise _told(error) from error


def _told(error: Exception) -> Exception:
    """Return what is wrong with the cluster; what is not about it is returned as it is."""
    if isinstance(error, KilledWorker):
        return StoreUnavailable(
            "a part of the work ended every worker that took it, as one that needs more memory "
            "than a worker has: give the workers more, or make the parts smaller"
        )
    if isinstance(error, FutureCancelledError | CommClosedError):
        return _is_lost()
    return error


def _is_lost() -> Exception:
    return StoreUnavailable(f"{_LOST} any more")
