"""Alerts of rules, with a button for whoever looks after one."""

from __future__ import annotations

from collections.abc import Callable

from htmltools import TagChild, TagList, tags

from crispml_console.parts import actions
from crispml_console.parts.layout import badge
from crispml_console.parts.page import Visit, link
from crispml_console.parts.tables import Column
from crispml_console.parts.words import moment
from crispml_console.service.call import Call, training
from crispml_core.client import Alert, AlertState
from crispml_core.client.training import TrainingClient

SEVERITIES = {"critical": "bad", "warning": "warn", "info": ""}


class Alerts:
    """The columns of a list of alerts.

    Parameters
    ----------
    visit : Visit
    id : str
        Begins the ids of the buttons.
    again : callable
        Reads the list again, after somebody acknowledged an alert.
    """

    def __init__(self, visit: Visit, id: str, again: Callable[[], None]) -> None:  # noqa: A002 - as Shiny names it
        self._visit, self._id, self._again = visit, id, again
        self._served: set[str] = set()

    def columns(self, *, with_use_case: bool) -> list[Column[Alert]]:
        """Return the columns of a table of alerts."""
        where = Column[Alert](
            "Use case",
            lambda a: tags.a(a.use_case, href=link("monitoring", use_case=a.use_case)),
        )
        return [
            Column("Severity", lambda a: badge(a.severity, SEVERITIES.get(a.severity, ""))),
            *([where] if with_use_case else []),
            Column("Rule", lambda a: tags.strong(a.rule, class_="text-nowrap")),
            Column("Found", lambda a: tags.span(a.summary, class_="found", title=a.summary)),
            Column("Since", lambda a: moment(a.first_seen)),
            Column("Ended", _ended),
            Column("Looked after", self._looked_after),
        ]

    def _looked_after(self, alert: Alert) -> TagChild:
        if alert.acknowledged_at is not None:
            return TagList("by ", alert.acknowledged_by, ", ", moment(alert.acknowledged_at))
        if alert.state is not AlertState.FIRING:
            return "by nobody"
        if not self._visit.visitor.may("train", alert.use_case):
            return "by nobody yet"
        # An alert may be shown many times; its button is served once.
        name = f"{self._id}_{alert.id.replace('-', '')}"
        if name not in self._served:
            self._served.add(name)
            actions.Action(self._visit, name, self._call(alert), on_answer=self._done)
        return actions.button(name, "Acknowledge", kind="secondary btn-sm")

    def _call(self, alert: Alert) -> Callable[[], Call[Alert]]:
        who = self._visit.visitor.caller.name
        return lambda: training(TrainingClient.acknowledge, alert.id, who)

    def _done(self, alert: Alert) -> str:
        self._again()
        return f"{alert.acknowledged_by} looks after {alert.rule}."


def _ended(alert: Alert) -> TagChild:
    if alert.state is AlertState.FIRING:
        return badge("firing", "bad")
    return moment(alert.resolved_at)
