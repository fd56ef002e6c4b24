"""joblib's backend for Dask, which also hears of what no worker will ever give."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from distributed import Client
from joblib._dask import DaskDistributedBackend

from crispml_core.ports.compute import Look


class FoldsBackend(DaskDistributedBackend):  # type: ignore[misc]
    """Raises in the caller what became of a task; joblib's own one waits for its result for ever.

    That is a task which ended every worker, one whose scheduler is gone, and all that are left when
    nobody wants them any more.
    """

    def give_up(self, error: BaseException) -> None:
        """Let whoever waits for results get an error instead, from any thread."""
        self.client.loop.add_callback(self._give_up, error)

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return how many tasks may be under way; with one, joblib would compute here."""
        return max(2, int(super().effective_n_jobs(n_jobs)))

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return the results of a batch of tasks, or raise what it failed with."""
        if isinstance(out, _Failed):
            raise out.error
        return super().retrieve_result_callback(out)

    async def _collect(self) -> None:
        while self._continue:
            async for future, result in self.waiting_futures:
                self._results.pop(future, None)
                callback = self._callbacks.pop(future, None)
                if callback is not None:
                    is_bad = future.status == "error" or isinstance(result, BaseException)
                    callback(_Failed(result) if is_bad else result)
            await asyncio.sleep(0.01)

    def _give_up(self, error: BaseException) -> None:
        callbacks = list(self._callbacks.values())
        self._callbacks.clear()
        self._results.clear()
        for callback in callbacks:
            callback(_Failed(error))


class _Failed:
    """What Dask has instead of a result: an error, or one with its type and its traceback."""

    def __init__(self, found: Any) -> None:
        self.error: BaseException = found[1] if isinstance(found, tuple) else found


@contextmanager
def looked_after(
    backend: FoldsBackend, client: Client, look: Look, every_s: float, lost: Callable[[], Exception]
) -> Iterator[None]:
    """Look again and again while joblib waits; the first thing that is raised ends the waiting."""
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(every_s):
            try:
                look()
                if client.status != "running":
                    raise lost()
            except Exception as error:
                backend.give_up(error)
                return

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join()
