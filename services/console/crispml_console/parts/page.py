"""What a page is, and what it gets when somebody opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from htmltools import TagChild
from shiny import Inputs, Session, reactive

from crispml_console.service.asked import Asked
from crispml_console.service.call import Call
from crispml_console.service.visitors import Visitor
from crispml_console.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """An address of the console: a page and what its query says. It can be shared and kept.

    Parameters
    ----------
    path : str
        Of the page, without a slash; empty for the overview.
    query : mapping
        One value per name.
    visitor : Visitor
        Who looks.
    use_cases : tuple of str
        Those that the visitor may see; empty while the service does not answer.
    """

    path: str
    query: Mapping[str, str]
    visitor: Visitor
    use_cases: tuple[str, ...] = ()

    @property
    def use_case(self) -> str:
        """The use case that the page is about: the one of the address, else the first."""
        return self.query.get("use_case") or (self.use_cases[0] if self.use_cases else "")


def link(path: str, **query: str | None) -> str:
    """Return the address of a page: ``link("models", use_case="churn", version="3")``."""
    given = {name: value for name, value in query.items() if value}
    return f"/{path}" + (f"?{urlencode(given)}" if given else "")


class Visit:
    """One opened page: who looks at what, and where its inputs are.

    Parameters
    ----------
    place : Place
    input : shiny.Inputs
    session : shiny.Session
        Ends when the page is left.
    settings : Settings
    """

    def __init__(self, place: Place, input: Inputs, session: Session, settings: Settings) -> None:  # noqa: A002 - as Shiny names it
        self.place, self.input, self.session, self.settings = place, input, session, settings
        self.visitor = place.visitor
        self._kept: dict[str, str | None] = dict(place.query)

    def asked(
        self,
        call: Call[T] | None = None,
        *,
        every_s: float | Callable[[], float] | None = None,
        on_answer: Callable[[T], None] | None = None,
    ) -> Asked[T]:
        """Return a question that lasts as long as the page.

        Parameters
        ----------
        call : Call, optional
            Asked at once.
        every_s : float or callable, optional
            Asked again and again, after so long; a callable is asked for the pause each time.
        on_answer : callable, optional
            Told each answer.
        """
        asked: Asked[T] = Asked(self.visitor, on_answer)
        self.session.on_ended(asked.stop)
        if call is not None:

            @reactive.effect
            def _() -> None:
                if every_s is not None:
                    pause = every_s() if callable(every_s) else every_s
                    reactive.invalidate_later(pause)
                with reactive.isolate():
                    is_asking = asked().is_asking
                if not is_asking:
                    asked.ask(call)

        return asked

    def may(self, permission: str) -> bool:
        """Return whether the visitor may do something to the use case of the page."""
        return self.visitor.may(permission, self.place.use_case or None)

    async def go(self, address: str) -> None:
        """Open another address of the console."""
        await self.session.send_custom_message("crispml-go", {"address": address})

    async def remember(self, **query: str | None) -> None:
        """Put a choice into the address of the page, so that it can be shared."""
        self._kept |= query
        address = link(self.place.path, **self._kept)
        await self.session.send_custom_message("crispml-address", {"address": address})


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the console.

    Parameters
    ----------
    path : str
        Its address, without a slash; empty for the overview.
    title : str
    icon : str
        Name in `crispml_console.parts.icons`.
    body : callable
        What stands there before any service was asked: outputs, forms.
    serve : callable
        Fills the outputs; called once for each opened page.
    needs : tuple of str
        Somebody who has none of these permissions for any use case is not offered the page; empty
        for a page of everybody.
    """

    path: str
    title: str
    icon: str
    body: Callable[[Place], TagChild]
    serve: Callable[[Visit], None]
    needs: tuple[str, ...] = ()
