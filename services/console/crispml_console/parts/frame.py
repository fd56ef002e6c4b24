"""The frame of every page: navigation, use case, environment, theme, who is signed in."""

from __future__ import annotations

from collections.abc import Sequence

from htmltools import Tag, TagList, tags
from shiny import ui

from crispml_console.parts import states
from crispml_console.parts.icons import icon
from crispml_console.parts.page import Page, Place, link

_NOT_OFFERED = "Your roles do not let you see this page. An admin can give you another one."


def frame(page: Page, pages: Sequence[Page], place: Place) -> Tag:
    """Return a whole page of HTML.

    Parameters
    ----------
    pages : sequence of Page
        All pages in their order; those that the visitor has no permission for are left out.
    """
    return ui.page_bootstrap(
        tags.head(
            tags.link(rel="icon", href="/static/icon.svg", type="image/svg+xml"),
            tags.link(rel="stylesheet", href="/static/console.css"),
            tags.script(src="/static/theme.js"),
            tags.script(src="/static/console.js", defer=""),
        ),
        tags.a("Skip to the content", href="#content", class_="skip"),
        tags.header(_top(page, place), class_="top"),
        tags.nav(*_links(page, pages, place), class_="side", id="side", aria_label="Pages"),
        tags.main(
            tags.h1(page.title),
            ui.output_ui("crispml_notice"),
            page.body(place) if is_offered(page, place) else states.nothing(_NOT_OFFERED),
            id="content",
            tabindex="-1",
        ),
        title=f"{page.title} · CrispML",
        lang="en",
    )


def is_offered(page: Page, place: Place) -> bool:
    """Return whether a page is offered to who looks."""
    return not page.needs or any(place.visitor.may_somewhere(need) for need in page.needs)


def _links(page: Page, pages: Sequence[Page], place: Place) -> list[Tag]:
    kept = place.query.get("use_case")
    return [
        tags.a(
            icon(other.icon),
            tags.span(other.title),
            href=link(other.path, use_case=kept),
            aria_current="page" if other is page else None,
        )
        for other in pages
        if is_offered(other, place)
    ]


def _top(page: Page, place: Place) -> TagList:
    caller = place.visitor.caller
    return TagList(
        tags.button(
            icon("menu"),
            tags.span("Pages", class_="visually-hidden"),
            type="button",
            class_="btn-quiet menu",
            aria_controls="side",
            aria_expanded="false",
        ),
        tags.a(tags.img(src="/static/icon.svg", alt=""), "CrispML", href="/", class_="brand"),
        _use_cases(place),
        tags.span(
            caller.environment, class_=f"chip environment {caller.environment}", title="Environment"
        ),
        tags.span(class_="space"),
        tags.span(caller.name, class_="caller", title=", ".join(caller.grants)),
        tags.button(
            icon("sun"),
            tags.span("Light or dark", class_="visually-hidden"),
            type="button",
            class_="btn-quiet theme",
        ),
        tags.form(
            tags.button(
                icon("out"),
                tags.span("Sign out", class_="visually-hidden"),
                type="submit",
                class_="btn-quiet",
                title="Sign out",
            ),
            method="post",
            action="/sign-out",
        ),
    )


def _use_cases(place: Place) -> Tag | None:
    if not place.use_cases:
        return None
    options = [
        tags.option(name, value=name, selected="" if name == place.use_case else None)
        for name in place.use_cases
    ]
    return tags.label(
        tags.span("Use case", class_="visually-hidden"),
        tags.select(*options, class_="use-case form-select form-select-sm"),
    )
