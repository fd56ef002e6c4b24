"""What came of the chosen step: a data set, a model, a report, a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from htmltools import TagChild, TagList, tags
from shiny import reactive, render, req, ui

from crispml_console.pages.cycle import datasets, outcomes
from crispml_console.pages.cycle.steps import BY_METHOD
from crispml_console.pages.cycle.trail import EARLIER, Passed
from crispml_console.parts import states
from crispml_console.parts.distinct import distinct
from crispml_console.parts.fields import select_field
from crispml_console.parts.layout import row
from crispml_console.parts.page import Visit, link
from crispml_console.parts.tables import PagedTable, facts
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call, page, training
from crispml_core.client import CYCLE, CatalogueEntry, ModelReport, PageOf, Run
from crispml_core.client.training import TrainingClient

_DATA = ("data-ingestion", "data-preparation", "data-curation")
_ROWS = 20
_SPLITS = {"": "all", "train": "train", "select": "select", "test": "test"}


@dataclass(frozen=True, slots=True)
class Picked:
    """The step of a run whose result is shown."""

    method: str
    run_id: str
    algorithm: str | None
    output: dict[str, Any] = field(default_factory=dict)
    is_earlier: bool = False


class Results:
    """Serves the card with the result of the chosen step.

    Parameters
    ----------
    step : callable
        Returns the method that the page is about.
    run, passed : callable
        Return the chosen run and its trail.
    find : callable
        Returns a run by its id, if it is known.
    """

    def __init__(
        self,
        visit: Visit,
        step: Callable[[], str],
        run: Callable[[], Run | None],
        passed: Callable[[], Mapping[str, Passed]],
        find: Callable[[str], Run | None],
    ) -> None:
        self._visit, self._step, self._run, self._passed = visit, step, run, passed
        self._find = find
        self._picked = distinct(self._pick)
        self._dataset: Asked[CatalogueEntry] = visit.asked()
        self._report: Asked[ModelReport] = visit.asked()
        self._rows = PagedTable[dict[str, Any]](
            visit,
            "rows",
            "Rows of the data set",
            lambda found: datasets.row_columns(found.items),
            self._page,
            empty="There are no such rows.",
        )
        self._ask()
        self._serve()

    @staticmethod
    def body() -> TagChild:
        """Return where results stand in the page."""
        return TagList(ui.output_ui("algorithm_choice"), states.expected("result"))

    def _algorithms(self) -> tuple[str, ...]:
        made = self._passed()[self._step()].made if self._step() in self._passed() else ()
        return tuple(one.timing.algorithm for one in made if one.timing.algorithm)

    def _pick(self) -> Picked | None:
        step = self._step()
        passed = self._passed().get(step)
        if passed is None or not passed.made:
            return None
        inputs = self._visit.input
        wanted = inputs["r_algorithm"]() if "r_algorithm" in inputs else None
        made = next((m for m in passed.made if m.timing.algorithm == wanted), passed.made[-1])
        timing = made.timing
        is_earlier = passed.state == EARLIER
        return Picked(step, made.run.id, timing.algorithm, dict(timing.output), is_earlier)

    def _ask(self) -> None:
        @reactive.effect
        def asks() -> None:
            picked = self._picked()
            if picked is None:
                return
            if picked.method in _DATA:
                self._dataset.ask(training(TrainingClient.dataset, picked.output["dataset_id"]))
            report_id = picked.output.get("report_id")
            if picked.method == "model-training":
                report_id = self._report_of(picked.algorithm)
            if report_id:
                self._report.ask(training(TrainingClient.report, report_id))

    def _report_of(self, algorithm: str | None) -> str | None:
        with reactive.isolate():
            made = self._passed()["model-report"].made
        return next(
            (m.timing.output["report_id"] for m in made if m.timing.algorithm == algorithm), None
        )

    def _page(self, cursor: str | None) -> Call[PageOf[dict[str, Any]]]:
        picked = self._picked()
        req(picked is not None and picked.method in _DATA and self._visit.may("read-data"))
        assert picked is not None
        inputs = self._visit.input
        split = inputs["rows_split"]() if "rows_split" in inputs else ""
        if picked.method == _DATA[0]:
            split = ""
        dataset_id = picked.output["dataset_id"]
        rows = training(TrainingClient.rows, dataset_id, split=split or None)
        return page(rows, _ROWS, cursor)

    def _serve(self) -> None:
        algorithms = distinct(self._algorithms)
        kind = distinct(lambda: self._step())

        @render.ui
        def algorithm_choice() -> TagChild:
            names = algorithms()
            if len(names) < 2:
                return None
            with reactive.isolate():
                picked = self._picked()
            chosen = picked.algorithm if picked is not None else None
            return row(
                select_field("r_algorithm", "Algorithm", {n: n for n in names}, chosen or names[-1])
            )

        is_there = distinct(lambda: self._picked() is not None)

        @render.ui
        def result() -> TagChild:
            step = kind()
            if step in ("new-data-score", "new-data-label"):
                return self._elsewhere(step)
            if step == "new-data-report":
                return ui.output_ui("verification")
            if step == CYCLE:
                return ui.output_ui("of_cycle")
            if not is_there():
                return states.nothing(
                    f"This run has no result of “{BY_METHOD[step].title}” yet. Run the step, or "
                    "choose another run below."
                )
            return self._of_data(step) if step in _DATA else ui.output_ui("of_model")

        cycle_run = distinct(self._run)

        @render.ui
        def of_cycle() -> TagChild:
            run = cycle_run()
            if run is None:
                return states.nothing("Choose a run below, or start one.")
            if run.method != CYCLE:
                return states.nothing("The chosen run is one step. Choose it above for its result.")
            return outcomes.of_cycle(run)

        @render.ui
        def earlier() -> TagChild:
            return self._from(self._picked())

        @render.ui
        def dataset_facts() -> TagChild:
            return states.shown(self._dataset(), datasets.about)

        @render.ui
        def dataset_profile() -> TagChild:
            return states.shown(self._dataset(), datasets.profile)

        @render.ui
        def of_model() -> TagChild:
            picked = self._picked()
            if picked is None:
                return None
            return TagList(self._from(picked), self._model(picked))

    def _from(self, picked: Picked | None) -> TagChild:
        """Say which run made what is shown, where it is not the chosen one."""
        if picked is None or not picked.is_earlier:
            return None
        place = self._visit.place
        address = link(place.path, use_case=place.use_case, run=picked.run_id, step=picked.method)
        return tags.p("Made by ", tags.a("an earlier run", href=address), ".", class_="quiet")

    def _model(self, picked: Picked) -> TagChild:
        if picked.method == "model-persist":
            version, model = picked.output["version"], picked.output.get("model", "")
            address = link("models", use_case=self._visit.place.use_case, version=version)
            return TagList(
                facts(("Model", model), ("Version", tags.a(version, href=address))),
                tags.p("Its report, model card, lineage and approvals are on the page of models."),
            )
        if picked.method == "model-training":
            run = self._find(picked.run_id)
            state = self._report()
            report_id = self._report_of(picked.algorithm)
            known = state.value if state.value and state.value.id == report_id else None
            if run is None:
                return states.waiting()
            return outcomes.of_training(run, known.content if known else None)
        return states.shown(self._report(), lambda report: outcomes.of_report(report.content))

    def _of_data(self, step: str) -> TagChild:
        may_read = self._visit.may("read-data")
        has_splits = step != _DATA[0]
        return TagList(
            ui.output_ui("earlier"),
            ui.output_ui("dataset_facts"),
            tags.h3("Columns", class_="part"),
            ui.output_ui("dataset_profile"),
            tags.h3("Rows", class_="part"),
            row(select_field("rows_split", "Split", _SPLITS)) if has_splits and may_read else None,
            PagedTable.body("rows")
            if may_read
            else states.nothing("Rows are shown to those who may read data."),
        )

    def _elsewhere(self, step: str) -> TagChild:
        use_case = self._visit.place.use_case
        path, what = {
            "new-data-score": ("score", "Score a record or a file"),
            "new-data-label": ("truth", "Import ground truth"),
        }[step]
        return TagList(
            tags.p("The scoring service does this at any time, for the version in service."),
            tags.p(tags.a(what, href=link(path, use_case=use_case), class_="btn btn-primary")),
        )
