"""The runs of the use case, page by page."""

from __future__ import annotations

from collections.abc import Callable

from htmltools import TagChild, TagList, tags

from crispml_console.pages.cycle.run_view import status_badge
from crispml_console.pages.cycle.steps import BY_METHOD, title_of
from crispml_console.parts import words
from crispml_console.parts.fields import select_field
from crispml_console.parts.layout import row
from crispml_console.parts.page import Visit, link
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.service.call import Call, page, training
from crispml_core.client import TRAINING_METHODS, PageOf, Run, RunStatus
from crispml_core.client.training import TrainingClient

_ROWS = 10


class Listing:
    """Serves the list of runs."""

    def __init__(self, visit: Visit, shown: Callable[[], str | None]) -> None:
        self._visit = visit
        columns = [
            Column[Run]("Run", lambda run: self._link(run)),
            Column[Run]("Status", status_badge),
            Column[Run]("Begun", lambda run: words.moment(run.started_at or run.created_at)),
            Column[Run]("Took", lambda run: _took(run), is_number=True),
            Column[Run]("Asked by", lambda run: run.requested_by or words.NONE),
            Column[Run]("Why not", lambda run: run.error.message if run.error else None),
        ]
        self._table = PagedTable[Run](
            visit,
            "runs",
            "Runs of the use case",
            columns,
            self._page,
            empty="There are no such runs.",
        )

    @staticmethod
    def body() -> TagChild:
        """Return the filters and where the list stands."""
        statuses = {"": "any", **{status.value: status.value for status in RunStatus}}
        methods = {"": "any", **{m: BY_METHOD[m].title for m in ("cycle", *TRAINING_METHODS)}}
        methods |= {m: title_of(m) for m in ("reproduce", "monitor")}
        return TagList(
            row(
                select_field("runs_status", "Status", statuses),
                select_field("runs_method", "Method", methods),
            ),
            PagedTable.body("runs"),
        )

    def refresh(self) -> None:
        """Read the list again."""
        self._table.refresh()

    def _page(self, cursor: str | None) -> Call[PageOf[Run]]:
        inputs = self._visit.input
        status = inputs.runs_status()
        listed = training(
            TrainingClient.runs,
            use_case=self._visit.place.use_case,
            method=inputs.runs_method() or None,
            status=RunStatus(status) if status else None,
        )
        return page(listed, _ROWS, cursor)

    def _link(self, run: Run) -> TagChild:
        place = self._visit.place
        address = link(place.path, use_case=place.use_case, run=run.id)
        return tags.a(title_of(run.method), " ", tags.code(run.id[-6:]), href=address, title=run.id)


def _took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return words.NONE
    return words.duration((run.finished_at - run.started_at).total_seconds())
