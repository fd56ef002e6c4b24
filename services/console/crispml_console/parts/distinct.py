"""Values that tell only of real changes, so that what stands still is not drawn again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shiny import reactive

T = TypeVar("T")


def distinct(make: Callable[[], T]) -> reactive.Value[T]:
    """Return what `make` returns as a value that changes only when the result is another one.

    A question that is asked every second changes its state twice a second. What reads it through
    this is left alone until an answer says something new, so a button keeps the focus.

    Parameters
    ----------
    make : callable
        Called in a reactive place; its results are compared with ``==``.
    """
    with reactive.isolate():
        held = reactive.Value(make(), name="held")

    @reactive.effect
    def follows() -> None:
        found = make()
        with reactive.isolate():
            if held() != found:
                held.set(found)

    return held
