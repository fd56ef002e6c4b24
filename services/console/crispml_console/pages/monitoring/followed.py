"""A run of the training service, looked at until it ends."""

from __future__ import annotations

from collections.abc import Callable

from shiny import reactive

from crispml_console.parts.page import Visit
from crispml_console.parts.settled import settled
from crispml_console.service.asked import Asked
from crispml_console.service.call import training
from crispml_core.client import Run
from crispml_core.client.training import TrainingClient

_EVERY_S = 1.0


class Followed:
    """The run that was started last.

    Parameters
    ----------
    visit : Visit
    on_end : callable, optional
        Told a run that ended.
    """

    def __init__(self, visit: Visit, on_end: Callable[[Run], None] | None = None) -> None:
        self._on_end = on_end
        self._id: reactive.Value[str] = reactive.Value("", name="id")
        self._is_live: reactive.Value[bool] = reactive.Value(False, name="is_live")
        self._asked: Asked[Run] = visit.asked(on_answer=self._answered)
        self.run = settled(self._asked)
        """The state of the run, in a reactive place."""
        self._serve()

    def follow(self, run_id: str) -> None:
        """Look at another run from now on."""
        self._id.set(run_id)
        self._is_live.set(True)

    def is_begun(self) -> bool:
        """Return whether there is a run to look at, in a reactive place."""
        return bool(self._id())

    def _serve(self) -> None:
        @reactive.effect
        def _() -> None:
            run_id = self._id()
            if not self._is_live():
                return
            reactive.invalidate_later(_EVERY_S)
            with reactive.isolate():
                is_asking = self._asked().is_asking
            if not is_asking:
                self._asked.ask(training(TrainingClient.run, run_id))

    def _answered(self, run: Run) -> None:
        if run.status.is_final:
            self._is_live.set(False)
            if self._on_end is not None:
                self._on_end(run)
