"""Parts of a page with addresses of their own, as links above what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.parts.page import Place, Visit, link


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Parameters
    ----------
    name : str
        In the address, as ``?part=NAME``; empty for the one that is shown without it.
    title : str
    body : callable
        What stands there before any service was asked.
    serve : callable
        Fills the outputs.
    is_offered : callable, optional
        Whether who looks may do what it is for.
    """

    name: str
    title: str
    body: Callable[[Place], TagChild]
    serve: Callable[[Visit], None]
    is_offered: Callable[[Place], bool] = lambda place: True


class Sections:
    """All parts of a page; the first that is offered is shown unless the address names one."""

    def __init__(self, path: str, sections: Sequence[Section]) -> None:
        self._path, self._sections = path, tuple(sections)

    def body(self, place: Place) -> TagChild:
        """Return the links and the part that the address names."""
        shown, offered = self._shown(place), self._offered(place)
        return TagList(
            _links(self._path, offered, shown, place) if len(offered) > 1 else None,
            shown.body(place) if shown is not None else None,
        )

    def serve(self, visit: Visit) -> None:
        """Fill the part that the address names."""
        shown = self._shown(visit.place)
        if shown is not None:
            shown.serve(visit)

    def _offered(self, place: Place) -> list[Section]:
        return [section for section in self._sections if section.is_offered(place)]

    def _shown(self, place: Place) -> Section | None:
        offered = self._offered(place)
        named = [section for section in offered if section.name == place.query.get("part", "")]
        return next(iter([*named, *offered]), None)


def _links(path: str, offered: Sequence[Section], shown: Section | None, place: Place) -> Tag:
    kept = place.query.get("use_case")
    return tags.nav(
        *(
            tags.a(
                section.title,
                href=link(path, use_case=kept, part=section.name),
                aria_current="page" if section is shown else None,
            )
            for section in offered
        ),
        class_="sections",
        aria_label="Parts of the page",
    )
