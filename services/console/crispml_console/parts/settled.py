"""Answers that are asked for again and again: nothing is drawn anew that says the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shiny import reactive

from crispml_console.service.asked import Asked, State

T = TypeVar("T")


def settled(asked: Asked[T]) -> Callable[[], State[T]]:
    """Return what a question came to, which changes only when the answer does.

    While it is asked again the last answer stands, and the same answer draws nothing anew.
    """
    kept: reactive.Value[State[T]] = reactive.Value(State(), name="kept")

    @reactive.effect
    def _() -> None:
        state = asked()
        if state.is_asking:
            return
        with reactive.isolate():
            before = kept()
        if (state.value, _said(state)) != (before.value, _said(before)):
            kept.set(state)

    return kept


def steady(compute: Callable[[], T]) -> Callable[[], T]:
    """Return what a function of reactive values gives, which changes only when that does.

    A plain calculation would draw everything anew that reads it, whatever it comes to.
    """
    with reactive.isolate():
        kept: reactive.Value[T] = reactive.Value(compute(), name="kept")

    @reactive.effect
    def _() -> None:
        now = compute()
        with reactive.isolate():
            before = kept()
        if now != before:
            kept.set(now)

    return kept


def _said(state: State[T]) -> tuple[str, str] | None:
    # Each error is another object, also of what fails in the same way each time.
    return None if state.error is None else (state.error.code, state.error.detail)
