"""The calls about runs, which both services offer for their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crispml_core.client import runs
from crispml_core.client.catalogue import Catalogue
from crispml_core.client.http import API, below
from crispml_core.client.pages import Listing
from crispml_core.domain.runs import Run, RunStatus


class RunCalls(Catalogue):
    """Runs of one service."""

    def run(self, run_id: str) -> Run:
        """Return a run as it is now."""
        return self.connection.get("/runs" + below(run_id), Run)

    def runs(
        self,
        *,
        use_case: str | None = None,
        method: str | None = None,
        status: RunStatus | None = None,
        limit: int | None = None,
    ) -> Listing[Run]:
        """Yield runs, newest first."""
        params = {"use_case": use_case, "method": method, "status": status and status.value}
        return self._items("/runs", Run, params, limit=limit)

    def cancel(self, run_id: str) -> Run:
        """Ask a run to stop."""
        response = self.connection.request("POST", API + "/runs" + below(run_id, "cancel"))
        return self.connection.decode(response, Run)

    def follow(self, run_id: str) -> Iterator[Run]:
        """Yield the run on every change, the final state last."""
        return runs.follow(self.connection, run_id)

    def wait(
        self,
        run: Run,
        *,
        on_progress: Callable[[Run], None] | None = None,
        timeout_s: float | None = None,
    ) -> Run:
        """Wait until a run ends; see `crispml_core.client.runs.wait`."""
        return runs.wait(self.connection, run, on_progress=on_progress, timeout_s=timeout_s)
