"""From a matplotlib figure to an SVG element that lives inside a page.

matplotlib writes a document of its own: with a prolog, fixed colours, and ids that repeat from
figure to figure. Here it becomes an element that takes its colours and its font from the page, so
that one figure serves light, dark and paper.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Stand-ins that no other colour comes near; each becomes a variable of the page's style sheet.
INK, MUTED, GRID, SURFACE = "#010203", "#040506", "#070809", "#0a0b0c"
SERIES = ("#0d0e0f", "#101112", "#131415", "#161718", "#191a1b", "#1c1d1e")
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", SURFACE: "surface"} | {
    colour: f"series-{number}" for number, colour in enumerate(SERIES, start=1)
}

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "crispml",
    # A group may be called "$100"; that is a name and no formula.
    "text.parse_math": False,
    "text.color": INK,
    "font.size": 10,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 2,
    "xtick.color": GRID,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 9,
    "ytick.color": GRID,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 9,
}

_LOCK = threading.RLock()
_TAG = re.compile(r"<[^>]+>")
_REFERENCE = re.compile(r'(?:url\(|href=")#([\w.-]+)')
_LONG_NUMBER = re.compile(r"(\d+\.\d\d)\d+")


@contextmanager
def page_style() -> Iterator[None]:
    """Hold the style of the pages while figures are made and written.

    matplotlib keeps its style, and Python its warning filters, for the whole process; the lock
    keeps two reports from mixing theirs.
    """
    with _LOCK, mpl.rc_context(_STYLE), warnings.catch_warnings():
        # matplotlib only measures with its font; the browser draws with one that has the glyph.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        yield


def to_svg(figure: Figure, name: str, label: str) -> Markup:
    """Return a figure as an SVG element; the same figure gives the same text.

    Parameters
    ----------
    figure : Figure
        Made inside `page_style`, and written there.
    name : str
        Unique within the page; becomes part of the ids.
    label : str
        What a reader who cannot see the figure is told.
    """
    document = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    # Figure.savefig would draw everything twice.
    FigureCanvasSVG(figure).print_svg(document, metadata=no_metadata)  # type: ignore[no-untyped-call]
    text = document.getvalue()
    width, height = (value * 72 for value in figure.get_size_inches())
    body = text[text.index("</defs>") + len("</defs>") : text.rindex("</svg>")]
    used = set(_REFERENCE.findall(body))
    body = _TAG.sub(lambda tag: _for_page(tag.group(), name, used), body)
    body = re.sub(r">\s+<", "><", body).strip()
    return Markup(  # noqa: S704 - matplotlib escapes text, and the label is escaped here
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {width:.0f} {height:.0f}">'
        f"{body}</svg>"
    )


def _for_page(tag: str, name: str, used: set[str]) -> str:
    """Return a tag with the page's colours and font, ids of its own and short numbers."""
    tag = re.sub(r'font-family: [^;"]*;? ?', "", tag)
    tag = re.sub(r' transform="rotate\(-0 [^"]*"', "", tag)
    for colour, variable in _VARIABLES.items():
        tag = tag.replace(colour, f"var(--{variable})")
    tag = re.sub(
        r' id="([\w.-]+)"',
        lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "",
        tag,
    )
    tag = tag.replace("xlink:href", "href")
    tag = _REFERENCE.sub(lambda match: match[0].replace("#", f"#{name}-"), tag)
    return _LONG_NUMBER.sub(r"\1", tag).replace("\n", " ")
