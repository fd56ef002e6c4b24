"""Who answers: a choice of an alias or a version of a model."""

from __future__ import annotations

from collections.abc import Sequence

from htmltools import Tag
from shiny import render, ui

from crispml_console.parts.page import Visit
from crispml_console.service.call import page, scoring
from crispml_core.client import AliasEvent, PageOf, PublishedVersion
from crispml_core.client.scoring import ScoringClient

CHAMPION = "alias:champion"
_NEWEST = 100


class Versions:
    """The newest versions of the model of a use case, with its aliases, for choices of a page.

    Parameters
    ----------
    visit : Visit
    """

    def __init__(self, visit: Visit) -> None:
        may = visit.may("read") and bool(visit.place.use_case)
        model = visit.place.use_case
        versions = page(scoring(ScoringClient.versions, model), _NEWEST)
        self._versions = visit.asked(versions if may else None)
        self._aliases = visit.asked(scoring(ScoringClient.aliases, model) if may else None)

    @property
    def versions(self) -> tuple[PublishedVersion, ...]:
        """Those that are known by now, newest first."""
        found: PageOf[PublishedVersion] | None = self._versions().value
        return () if found is None else found.items

    @property
    def aliases(self) -> dict[str, str]:
        """The version of each alias that points somewhere."""
        found = self._aliases().value
        events: Sequence[AliasEvent] = list(found) if found is not None else []
        return {event.alias: event.version for event in events if event.version}


def answerers(versions: Versions) -> dict[str, str]:
    """Return whom one can ask, by the value of a choice: aliases first, then versions."""
    aliases = versions.aliases
    named = {f"alias:{name}": f"{name} ({version})" for name, version in sorted(aliases.items())}
    champion = {CHAMPION: named.pop(CHAMPION, "champion")}
    return champion | named | {f"version:{v.version}": v.version for v in versions.versions}


def chosen(visit: Visit, id: str) -> tuple[str | None, str | None]:  # noqa: A002 - as Shiny names it
    """Return the alias or else the version that was chosen, in this order."""
    value = visit.input[id]() if id in visit.input else CHAMPION
    kind, _, name = str(value or CHAMPION).partition(":")
    return (None, name) if kind == "version" else (name, None)


def serve_answerer(visit: Visit, id: str, versions: Versions, label: str = "Who answers") -> None:  # noqa: A002 - as Shiny names it
    """Fill the output ``ID_choice`` with a select ``ID``."""
    wanted = visit.place.query.get("version")

    @visit.session.output(id=f"{id}_choice")
    @render.ui
    def made() -> Tag:
        choices = answerers(versions)
        first = f"version:{wanted}" if wanted else CHAMPION
        choices.setdefault(first, first.partition(":")[2])
        return ui.input_select(id, label, choices, selected=first)
