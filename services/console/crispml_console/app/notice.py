"""What stands above every page while a service is away, and goes when it is back."""

from __future__ import annotations

from htmltools import TagList, tags
from shiny import render

from crispml_console.parts.page import Visit
from crispml_console.service.asked import State
from crispml_console.service.call import scoring, training
from crispml_core.client import ServiceUnreachable
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

_EVERY_S = 5.0


def serve_notice(visit: Visit) -> None:
    """Look after both services as long as a page is open."""
    asked = {
        "training": visit.asked(training(TrainingClient.checks), every_s=_EVERY_S),
        "scoring": visit.asked(scoring(ScoringClient.checks), every_s=_EVERY_S),
    }

    @render.ui
    def crispml_notice() -> TagList:
        said = [(name, _of(question())) for name, question in asked.items()]
        notices = [
            tags.div(f"The {name} service {what}", class_="notice", role="status")
            for name, what in said
            if what
        ]
        return TagList(*notices)


def _of(state: State[dict[str, str]]) -> str:
    if isinstance(state.error, ServiceUnreachable):
        return "does not answer. It is asked again until it does."
    if state.error is not None:
        return f"is not ready: {state.error.detail}"
    return ""
