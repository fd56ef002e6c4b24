"""The states of what is shown: being asked for, there, empty, failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from htmltools import Tag, TagChild, TagList, tags
from shiny import ui

from crispml_console.service.asked import State
from crispml_core.client import ClientError, Problem, RequestRefused, ServiceUnreachable

T = TypeVar("T")
_SHOWN_ERRORS = 20


def shown(
    state: State[T], make: Callable[[T], TagChild], *, empty: TagChild = "There is nothing yet."
) -> TagList:
    """Return what a page shows of a question.

    Parameters
    ----------
    make : callable
        Makes the tags of an answer.
    empty : tag
        Stands for an answer without items.
    """
    problem = problem_of(state.error) if state.error is not None else None
    if state.value is None:
        return TagList(problem if problem is not None else waiting())
    if isinstance(state.value, list) and not state.value:
        return TagList(problem, nothing(empty))
    return TagList(problem, make(state.value))


def expected(id: str) -> Tag:  # noqa: A002 - as Shiny names it
    """Return an output that shows that it is on its way until the page is connected."""
    place = ui.output_ui(id)
    place.append(waiting())
    return place


def waiting() -> Tag:
    """Return the place of what is on its way."""
    return tags.div(
        *(tags.span(class_="bone") for _ in range(3)),
        class_="bones",
        role="status",
        aria_label="Loading",
    )


def nothing(text: TagChild) -> Tag:
    """Return what stands where there is nothing."""
    return tags.p(text, class_="nothing")


def problem_of(error: ClientError) -> Tag:
    """Return an error of a service: what happened, what to change, and what to look for in logs."""
    found = [tags.li(_finding(problem)) for problem in error.errors[:_SHOWN_ERRORS]]
    left = len(error.errors) - len(found)
    return tags.div(
        tags.strong(_title(error)),
        tags.p(error.detail),
        tags.ul(*found, tags.li(f"and {left} more") if left else None) if found else None,
        tags.p(tags.small("request ", tags.code(error.request_id))) if error.request_id else None,
        class_="problem",
        role="alert",
    )


def _title(error: ClientError) -> str:
    if isinstance(error, ServiceUnreachable):
        return "The service does not answer. It is asked again until it does."
    if error.status == 403:
        return "You may not do this."
    if error.status == 401:
        return "Your sign-in is over. Sign in again."
    if isinstance(error, RequestRefused):
        return "The service refuses this."
    return "This did not work."


def _finding(problem: Problem) -> str:
    where = [f"row {problem.row}"] if problem.row is not None else []
    where += [problem.field] if problem.field else []
    return ": ".join([*([", ".join(where)] if where else []), problem.message])
