"""One question to several places: the same list of each use case that somebody may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from crispml_console.parts.page import Visit
from crispml_console.parts.settled import settled
from crispml_console.service.asked import Asked, State
from crispml_console.service.call import Call

T = TypeVar("T")


def scopes(visit: Visit, permission: str = "read") -> list[str | None]:
    """Return what lists have to be asked for: all use cases at once, or each that is allowed."""
    if visit.visitor.may(permission):
        return [None]
    return [name for name in visit.place.use_cases if visit.visitor.may(permission, name)]


def together(states: Sequence[State[Iterable[T]]]) -> State[list[T]]:
    """Return the items of several answers as one; none before each is there or failed."""
    error = next((state.error for state in states if state.error is not None), None)
    found = [state.value for state in states]
    if error is None and any(value is None for value in found):
        return State()
    return State([item for value in found if value is not None for item in value], error)


def ask_each(
    visit: Visit, calls: Sequence[Call[Iterable[T]]], every_s: float
) -> tuple[Callable[[], State[list[T]]], Callable[[], None]]:
    """Ask several lists again and again.

    Returns
    -------
    tuple of callable
        What gives all items as one state, and what asks at once again.
    """
    asked: list[Asked[Iterable[T]]] = [visit.asked(call, every_s=every_s) for call in calls]
    answers = [settled(question) for question in asked]

    def again() -> None:
        for question, call in zip(asked, calls, strict=True):
            question.ask(call)

    return (lambda: together([answer() for answer in answers])), again
