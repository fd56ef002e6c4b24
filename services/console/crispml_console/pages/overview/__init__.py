"""The first page: what there is, how it does, and what needs somebody."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags
from shiny import ui

from crispml_console.pages.overview.jobs import serve_jobs
from crispml_console.pages.overview.now import serve_now
from crispml_console.pages.overview.open_alerts import serve_alerts
from crispml_console.pages.overview.use_cases import serve_use_cases
from crispml_console.parts.layout import card
from crispml_console.parts.page import Page, Place, Visit
from crispml_console.parts.traffic import Traffic


def body(place: Place) -> TagChild:
    """Return the page before a service was asked."""
    sees_work = place.visitor.may_somewhere("read")
    return TagList(
        ui.output_ui("now"),
        ui.output_ui("use_cases"),
        card("Open alerts", tags.div(ui.output_ui("alerts"), class_="brief"))
        if sees_work
        else None,
        card("Running jobs", ui.output_ui("jobs")) if sees_work else None,
    )


def serve(visit: Visit) -> None:
    """Fill the page."""
    traffic = Traffic(visit)
    alerts = jobs = None
    if visit.visitor.may_somewhere("read"):
        alerts, jobs = serve_alerts(visit), serve_jobs(visit)
    serve_now(visit, traffic, alerts, jobs)
    serve_use_cases(visit, traffic)


PAGE = Page("", "Overview", "overview", body, serve)
