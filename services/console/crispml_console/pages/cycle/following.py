"""Which run the page is about, and how it goes on while it runs."""

from __future__ import annotations

from collections.abc import Mapping

from shiny import reactive

from crispml_console.pages.cycle.trail import Passed, trail
from crispml_console.parts.distinct import distinct
from crispml_console.parts.page import Visit
from crispml_console.service.asked import Asked
from crispml_console.service.call import page, training
from crispml_core.client import CYCLE, TRAINING_METHODS, PageOf, Run
from crispml_core.client.training import TrainingClient

_EVERY_S = 1.0
_RECENT = 100


class Following:
    """The chosen run, asked for once a second until it is over.

    Without a choice it is the newest one of the life cycle.
    """

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self.chosen: reactive.Value[str | None] = reactive.Value(
            visit.place.query.get("run"), name="chosen"
        )
        self.recent: Asked[PageOf[Run]] = visit.asked()
        self.asked: Asked[Run] = visit.asked()
        self.look_again()
        self.runs = distinct(self._recent)
        """Recent runs of the use case, newest first; None before they are known."""
        self.run_id = distinct(self._run_id)
        self.run = distinct(self._run)
        """The chosen run; None before it is known, or if there is none."""
        self.passed = distinct(self._passed)
        self._follow()

    def choose(self, run: Run) -> None:
        """Follow another run."""
        self.chosen.set(run.id)
        self.asked.ask(training(TrainingClient.run, run.id))

    def look_again(self) -> None:
        """Ask for the recent runs again."""
        listed = training(TrainingClient.runs, use_case=self._visit.place.use_case)
        self.recent.ask(page(listed, _RECENT))

    def find(self, run_id: str) -> Run | None:
        """Return a run that is known."""
        known = (self.run(), *(self.runs() or ()))
        return next((run for run in known if run is not None and run.id == run_id), None)

    def _recent(self) -> tuple[Run, ...] | None:
        found = self.recent().value
        return found.items if found is not None else None

    def _run_id(self) -> str | None:
        if (chosen := self.chosen()) is not None:
            return chosen
        methods = (CYCLE, *TRAINING_METHODS)
        return next((run.id for run in self.runs() or () if run.method in methods), None)

    def _run(self) -> Run | None:
        run = self.asked().value
        if run is not None and run.id == self.run_id():
            return run
        return next((run for run in self.runs() or () if run.id == self.run_id()), None)

    def _passed(self) -> Mapping[str, Passed]:
        return trail(self.run(), self.runs() or ())

    def _follow(self) -> None:
        is_live = distinct(lambda: (run := self.run()) is None or not run.status.is_final)

        @reactive.effect
        def follows() -> None:
            run_id = self.run_id()
            if run_id is None or not is_live():
                return
            reactive.invalidate_later(_EVERY_S)
            with reactive.isolate():
                state = self.asked()
                is_same = state.call is not None and state.call.args == (run_id,)
                has_failed = state.error is not None and state.error.status == 404
            if not (is_same and (state.is_asking or has_failed)):
                self.asked.ask(training(TrainingClient.run, run_id))

        was_live: list[bool] = []

        @reactive.effect
        def ends() -> None:
            live = is_live()
            if was_live and was_live[-1] and not live:
                self.look_again()
            was_live[:] = [live]
