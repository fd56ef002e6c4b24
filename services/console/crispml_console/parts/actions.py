"""Actions: a button that does one call, says what came of it, and can show the call as code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, ui

from crispml_console.parts import states
from crispml_console.parts.dialogs import dialog
from crispml_console.parts.icons import icon
from crispml_console.parts.page import Place, Visit
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call

T = TypeVar("T")


def button(id: str, label: str, *, kind: str = "primary", is_offered: bool = True) -> TagList:  # noqa: A002 - as Shiny names it
    """Return the buttons of an action: one that does it, and one that shows it as code.

    Parameters
    ----------
    id : str
        The one that is given to `Action`.
    kind : str
        Of Bootstrap: ``primary``, ``secondary``, ``danger``.
    is_offered : bool
        Whether the visitor may do it; else there is only what shows it, which anybody may read.
    """
    return TagList(
        tags.span(
            ui.input_action_button(id, label, class_=f"btn-{kind}") if is_offered else None,
            code_button(id),
            class_="action",
        )
    )


def code_button(id: str) -> Tag:  # noqa: A002 - as Shiny names it
    """Return the button that shows the call of an action as code."""
    return ui.input_action_button(
        f"{id}_code",
        TagList(icon("code"), tags.span("Show as curl or Python", class_="visually-hidden")),
        class_="btn-quiet",
        title="Show as curl or Python",
    )


class Action(Generic[T]):
    """Serves the buttons of `button`.

    Parameters
    ----------
    visit : Visit
    id : str
        The one that was given to `button`.
    call : callable
        Returns the call, from the inputs as they are when the button is pressed; a `ValueError` of
        it is shown as what to change.
    on_answer : callable, optional
        Told the answer; what it returns is said to the visitor.
    confirm : str or callable, optional
        A question that must be answered first, for what cannot be taken back; a callable names
        the consequences from the inputs as they are.
    is_read : bool
        Whether the call changes nothing, so that it is repeated while the service is away.
    tells_errors : bool
        Whether an error is said in a corner of the page; else the page shows it where it belongs.
    """

    def __init__(
        self,
        visit: Visit,
        id: str,  # noqa: A002 - as Shiny names it
        call: Callable[[], Call[T]],
        *,
        on_answer: Callable[[T], str | None] | None = None,
        confirm: str | Callable[[], TagChild] | None = None,
        is_read: bool = False,
        tells_errors: bool = True,
    ) -> None:
        self._visit, self._call, self._is_read = visit, call, is_read
        self._tells_errors = tells_errors
        self._on_answer = on_answer
        self.asked: Asked[T] = visit.asked(on_answer=self._tell)
        """What came of it."""
        self._serve(id, confirm)

    def _serve(self, id: str, confirm: str | Callable[[], TagChild] | None) -> None:  # noqa: A002 - as Shiny names it
        inputs = self._visit.input

        @reactive.effect
        @reactive.event(inputs[id])
        def pressed() -> None:
            if confirm is None:
                self._do()
            elif self._checked() is not None:
                asked = confirm() if callable(confirm) else confirm
                ui.modal_show(_question(asked, f"{id}_sure"))

        @reactive.effect
        @reactive.event(inputs[f"{id}_sure"])
        def sure() -> None:
            ui.modal_remove()
            self._do()

        @reactive.effect
        @reactive.event(inputs[f"{id}_code"])
        def shown() -> None:
            call = self._checked()
            if call is not None:
                ui.modal_show(code_of(call, self._visit))

        @reactive.effect
        def failed() -> None:
            error = self.asked().error
            if error is not None and self._tells_errors:
                ui.notification_show(states.problem_of(error), type="error", duration=None)

    def _do(self) -> None:
        call = self._checked()
        if call is not None:
            self.asked.ask(call, is_read=self._is_read)

    def _checked(self) -> Call[T] | None:
        """Return the call, or say what to change first."""
        try:
            return self._call()
        except ValueError as error:
            _say(str(error), "warning")
            return None

    def _tell(self, answer: T) -> None:
        said = self._on_answer(answer) if self._on_answer is not None else None
        if said:
            _say(said, "message")


def code_of(call: Call[T], visit: Visit) -> Tag:
    """Return a dialog with a call as curl and as Python."""
    console = visit.settings.console
    addresses = (
        console.shown_training_url or console.training_url,
        console.shown_scoring_url or console.scoring_url,
    )
    return dialog(
        "The same without the console",
        _snippet("curl", call.as_curl(*addresses)),
        _snippet("Python", call.as_python(*addresses)),
        tags.p(
            "Both read your key from the environment variable ",
            tags.code("CRISPML_API_KEY"),
            ".",
            class_="quiet",
        ),
        is_wide=True,
    )


def offered(place: Place, permission: str) -> bool:
    """Return whether an action is offered to who looks at a page."""
    return place.visitor.may(permission, place.use_case or None)


def _question(text: TagChild, id: str) -> Tag:  # noqa: A002 - as Shiny names it
    return dialog(
        "Are you sure?",
        tags.div(text),
        footer=TagList(
            ui.modal_button("No"), ui.input_action_button(id, "Yes, do it", class_="btn-danger")
        ),
    )


def _snippet(title: str, code: str) -> Tag:
    return tags.section(
        tags.div(
            tags.h3(title),
            tags.button(icon("copy"), "Copy", type="button", class_="btn btn-sm btn-quiet copy"),
            class_="row-between",
        ),
        tags.pre(tags.code(code), tabindex="0"),
        class_="snippet",
    )


def _say(text: str, kind: str) -> None:
    ui.notification_show(text, type=kind, duration=6)  # type: ignore[arg-type]
