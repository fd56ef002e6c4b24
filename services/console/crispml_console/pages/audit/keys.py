"""API keys: what there is, a new one, which is shown once, and the end of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, ui

from crispml_console.pages.audit.grants import offered, text_of
from crispml_console.parts import actions
from crispml_console.parts.choice import choose
from crispml_console.parts.dialogs import dialog
from crispml_console.parts.layout import badge, card, row
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.parts.words import moment
from crispml_console.service.call import Call, page, training
from crispml_core.client import KeyView, NewKey
from crispml_core.client.training import TrainingClient

_ROWS, _DAYS = 25, 90


def body(place: Place) -> TagChild:
    """Return the part of the page before a service was asked."""
    choices = offered(place.visitor.caller.grants, place.use_cases)
    return TagList(
        card(
            "New key",
            row(
                ui.input_text("key_name", "Who holds it", placeholder="shop"),
                ui.input_numeric("key_days", "Days until it ends; empty for never", _DAYS, min=1),
            ),
            row(
                ui.input_select("role", "Role", choices.roles),
                ui.input_select("grant_use_case", "Use case", choices.use_cases),
                ui.input_select("grant_environment", "Environment", choices.environments),
                ui.input_action_button("grant", "Add grant"),
            ),
            ui.input_checkbox_group(
                "grants", "Grants of the key; add one at least", [], inline=True
            ),
            row(actions.button("make", "Make key")),
            id="new-key",
        ),
        card("Keys", PagedTable.body("keys")),
    )


def serve(visit: Visit) -> None:
    """Fill the part of the page."""
    inputs = visit.input
    keys = PagedTable(
        visit,
        "keys",
        "API keys, the newest first",
        _columns(),
        lambda cursor: page(training(TrainingClient.api_keys), _ROWS, cursor),
        empty="There is no key besides the one of the settings.",
    )

    @reactive.effect
    @reactive.event(inputs["grant"])
    def add_grant() -> None:
        new = text_of(inputs["role"](), inputs["grant_use_case"](), inputs["grant_environment"]())
        chosen = list(dict.fromkeys([*inputs["grants"](), new]))
        ui.update_checkbox_group("grants", choices=chosen, selected=chosen, inline=True)

    def make() -> Call[NewKey]:
        name, days = str(inputs["key_name"]()).strip(), inputs["key_days"]()
        if not name:
            raise ValueError("Say who holds the key.")
        if not inputs["grants"]():
            raise ValueError("Add a grant: a key without one opens nothing.")
        if days is not None and days < 1:
            raise ValueError("A key lasts for a day at least; leave the days empty for never.")
        ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
        return training(TrainingClient.new_api_key, name, list(inputs["grants"]()), expires_at=ends)

    def show_once(answer: NewKey) -> None:
        ui.modal_show(_once(answer))
        made.asked.forget()  # nobody can ask the console for it again
        keys.refresh()

    made = actions.Action(visit, "make", make, on_answer=show_once)

    def named() -> str:
        wanted = inputs["revoke"]()
        return next((key.name for key in keys.rows() if key.key_id == wanted), wanted)

    def revoked(key: KeyView) -> str:
        keys.refresh()
        return f"The key of {key.name} is revoked."

    actions.Action(
        visit,
        "revoke",
        lambda: training(TrainingClient.revoke_api_key, inputs["revoke"]()),
        confirm=lambda: TagList(
            tags.p(
                f"The key of {named()} opens nothing a second later, and nobody can make it valid "
                "again. Programs that use it are refused."
            ),
            actions.code_button("revoke"),
        ),
        on_answer=revoked,
    )


def _once(answer: NewKey) -> Tag:
    return dialog(
        f"The key of {answer.facts.name}",
        tags.p("Keep it now: it is shown here once, and by nobody again."),
        tags.div(
            tags.pre(tags.code(answer.key), class_="whole", tabindex="0"),
            tags.button("Copy", type="button", class_="btn btn-primary copy"),
            class_="snippet",
        ),
        footer=ui.modal_button("I have kept it"),
        easy_close=False,
    )


def _columns() -> list[Column[KeyView]]:
    return [
        Column[KeyView]("Holder", lambda key: tags.span(key.name, class_="one-line")),
        Column[KeyView]("Grants", lambda key: ", ".join(key.grants)),
        Column[KeyView]("State", _state),
        Column[KeyView]("End it", _revoke),
        Column[KeyView]("Ends", lambda key: moment(key.expires_at) if key.expires_at else "never"),
        Column[KeyView]("Made", lambda key: _by(key.created_at, key.created_by)),
        Column[KeyView]("Id", lambda key: tags.code(key.key_id)),
    ]


def _state(key: KeyView) -> TagChild:
    if key.revoked_at is not None:
        return TagList(badge("revoked", "bad"), _by(key.revoked_at, key.revoked_by))
    is_over = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
    return badge("over", "warn") if is_over else badge("valid", "good")


def _by(at: datetime, who: str) -> TagChild:
    return TagList(moment(at), tags.div(f"by {who}", class_="quiet"))


def _revoke(key: KeyView) -> TagChild:
    if key.revoked_at is not None:
        return None
    return choose(
        "revoke", key.key_id, "Revoke", kind="default", name=f"Revoke the key of {key.name}"
    )
