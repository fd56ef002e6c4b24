"""The form of the chosen step, and what happens when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from htmltools import TagChild, TagList, tags
from shiny import reactive, render, req, ui

from crispml_console.pages.cycle import outcomes
from crispml_console.pages.cycle.choices import Choices, beginning, takes
from crispml_console.pages.cycle.fields import id_of, marks_of
from crispml_console.pages.cycle.following import Following
from crispml_console.pages.cycle.form import SOURCE, form
from crispml_console.pages.cycle.groups import hypers
from crispml_console.pages.cycle.orders import order
from crispml_console.pages.cycle.steps import BY_METHOD
from crispml_console.parts import actions, states
from crispml_console.parts.distinct import distinct
from crispml_console.parts.fields import Marks
from crispml_console.parts.filled import Filled, WrongInput
from crispml_console.parts.page import Visit, link
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call
from crispml_core.client import CYCLE, Run, UseCaseInfo, VerificationReport

SCORED = ("new-data-score", "new-data-label")
VERIFY = "new-data-report"


class Starting:
    """Serves the form and its button."""

    def __init__(
        self,
        visit: Visit,
        step: Callable[[], str],
        following: Following,
        use_case: Asked[UseCaseInfo],
    ) -> None:
        self._visit, self._step, self._following = visit, step, following
        self._use_case = use_case
        self._repeated: reactive.Value[Run | None] = reactive.Value(None, name="repeated")
        self._marks = Marks(visit)
        self._action: actions.Action[Any] = actions.Action(
            visit, "start", self._call, on_answer=self._started
        )
        self._serve()

    @staticmethod
    def body() -> TagChild:
        """Return where the form stands."""
        return TagList(states.expected("form_of_step"), ui.output_ui("start_buttons"))

    def repeat(self, run: Run) -> None:
        """Show the parameters of a run, to be changed and sent again."""
        self._repeated.set(run)
        ui.update_radio_buttons("step", selected=run.method, session=self._visit.session)

    def _choices(self) -> Choices:
        known = (self._following.run(), *(self._following.runs() or ()))
        runs = {run.id: run for run in known if run is not None}
        return Choices.of(list(runs.values()))

    def _may(self, step: str) -> bool:
        return self._visit.may("verify" if step == VERIFY else "train")

    def _call(self) -> Call[Any]:
        use_case, step = self._use_case().value, self._step()
        if use_case is None:
            raise ValueError("The use case is not known yet; wait a moment.")
        filled = Filled.of(self._visit)
        try:
            call = order(step, use_case, filled, self._choices())
        except WrongInput as wrong:
            self._marks.show(wrong.fields)
            raise
        self._marks.show({})
        return call

    def _started(self, answer: Run | VerificationReport) -> str:
        if isinstance(answer, Run):
            self._following.choose(answer)
            self._following.look_again()
            return "The run is queued."
        return "The report is made."

    def _serve(self) -> None:
        step = distinct(self._step)
        is_known = distinct(
            lambda: self._following.runs() is not None and self._use_case().value is not None
        )

        @render.ui
        def form_of_step() -> TagChild:
            chosen, repeated = step(), self._repeated()
            said = tags.p(BY_METHOD[chosen].says, class_="quiet")
            if chosen in SCORED:
                return said
            if not self._may(chosen):
                return TagList(said, states.nothing("You may look at runs, but not start this."))
            if not is_known():
                return TagList(said, states.shown(self._use_case(), lambda _: states.waiting()))
            with reactive.isolate():
                use_case = self._use_case().value
                passed = self._following.passed()
                choices = self._choices()
            assert use_case is not None
            begin = beginning(chosen, passed, repeated)
            return TagList(said, form(chosen, use_case, begin, choices))

        @render.ui
        def start_buttons() -> TagChild:
            chosen = step()
            if chosen in SCORED or not self._may(chosen):
                return None
            title = BY_METHOD[chosen].title.lower()
            return actions.button("start", f"Run {title}" if chosen == CYCLE else f"Run “{title}”")

        @self._visit.session.output(id="hypers")
        @render.ui
        def of_algorithm() -> TagChild:
            inputs = self._visit.input
            chosen = inputs[id_of("curation_id")]() if id_of("curation_id") in inputs else None
            with reactive.isolate():
                use_case = self._use_case().value
                algorithm = self._choices().algorithm_of(chosen)
                repeated = self._repeated()
            req(use_case)
            assert use_case is not None
            given = repeated.parameters.get("hyperparameters") if repeated is not None else None
            is_training = repeated is not None and repeated.method == "model-training"
            return hypers(use_case, algorithm, (given or {}) if is_training else {})

        @render.ui
        def verification() -> TagChild:
            state = self._action.asked()
            report = state.value
            if state.is_asking:
                return states.waiting()
            if not isinstance(report, VerificationReport):
                return states.nothing("The report is shown here when it is made.")
            use_case = self._visit.place.use_case
            more = link("truth", use_case=use_case, report=report.id)
            return outcomes.of_verification(report.content, more)

        @reactive.effect
        @reactive.event(self._following.runs, ignore_init=True)
        def offers_what_was_made() -> None:
            chosen, choices = step(), self._choices()
            begin = beginning(chosen, self._following.passed())
            for name in takes(chosen):
                if (id := id_of(name)) not in self._visit.input:  # noqa: A001 - as Shiny names it
                    continue
                offered = choices.offered(chosen, name, begin.get(name))
                first = {"": SOURCE} if chosen == CYCLE else {}
                kept = self._visit.input[id]()
                session = self._visit.session
                ui.update_select(id, choices={**first, **offered}, selected=kept, session=session)

        @reactive.effect
        def refused() -> None:
            error = self._action.asked().error
            use_case = self._use_case().value
            if error is not None and use_case is not None:
                self._marks.show(marks_of(error, use_case.algorithms))
