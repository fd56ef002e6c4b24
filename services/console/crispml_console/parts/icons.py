"""The icons of the console, drawn on a grid of 24 by strokes."""

from __future__ import annotations

from htmltools import HTML, Tag, tags

_PATHS = {
    "overview": "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
    "cycle": "M20 11a8 8 0 0 0-14-4L4 9M4 4v5h5M4 13a8 8 0 0 0 14 4l2-2M20 20v-5h-5",
    "models": "M12 3 3 8l9 5 9-5zM3 13l9 5 9-5M3 17.5l9 5 9-5",
    "score": "M4 19a8 8 0 1 1 16 0M12 19l4-7",
    "truth": "M4 12.5 9.5 18 20 6.5",
    "monitoring": "M3 12h4l3-8 4 16 3-8h4",
    "scores": "M6 3h9l4 4v14H6zM14 3v5h5M9 13h7M9 17h7",
    "audit": "M12 3 4 6v6c0 5 3.5 8 8 9 4.5-1 8-4 8-9V6zM9 12l2 2 4-4",
    "sun": "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 "
    "17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19",
    "menu": "M4 6h16M4 12h16M4 18h16",
    "code": "M8 7l-5 5 5 5M16 7l5 5-5 5",
    "out": "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
    "copy": "M9 9h11v11H9zM5 15H4V4h11v1",
    "next": "M9 5l7 7-7 7",
    "back": "M15 5l-7 7 7 7",
}


def icon(name: str) -> Tag:
    """Return an icon, which says nothing to a screen reader: a text stands beside it."""
    return tags.svg(
        HTML(f'<path d="{_PATHS[name]}"/>'),
        viewBox="0 0 24 24",
        class_="icon",
        aria_hidden="true",
        focusable="false",
    )
