"""Graphs of causes and effects, drawn from top to bottom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from htmltools import Tag, tags

_WIDTH, _HEIGHT, _BESIDE, _BELOW, _EDGE = 226, 50, 22, 44, 8
_SWEEPS = 4
_TITLE, _ARROW = 28, 8


@dataclass(frozen=True, slots=True)
class Vertex:
    """One thing of a graph.

    Parameters
    ----------
    title, note : str
        Its two lines; what is too long for its box is cut.
    hint : str
        The whole of it, shown when somebody points at it.
    kind : str
        A word for the style of the page.
    href : str, optional
        Where it leads.
    """

    key: str
    title: str
    note: str = ""
    hint: str = ""
    kind: str = ""
    href: str | None = None


def graph(
    label: str, vertices: Sequence[Vertex], edges: Iterable[tuple[str, str, str]], *, start: str
) -> Tag:
    """Return a drawing.

    Parameters
    ----------
    label : str
        What it shows, for a screen reader.
    edges : iterable of tuple
        Key of the cause, key of the effect, what happened. One that others imply is not drawn.
    start : str
        The one that stands out.
    """
    known = {vertex.key: vertex for vertex in vertices}
    kept = [edge for edge in edges if edge[0] in known and edge[1] in known]
    pairs = reduced((cause, effect) for cause, effect, _ in kept)
    kept = [edge for edge in kept if edge[:2] in pairs]
    rows = layers(list(known), pairs)
    places, width = _places(rows)
    height = len(rows) * (_HEIGHT + _BELOW) - _BELOW + 2 * _EDGE
    drawn = [_edge(edge, places) for edge in kept]
    boxes = [_box(vertex, places[vertex.key], vertex.key == start) for vertex in vertices]
    return tags.div(
        tags.svg(
            *drawn,
            *boxes,
            viewBox=f"0 0 {width} {height}",
            width=str(width),
            height=str(height),
            role="group",
            aria_label=label,
        ),
        class_="graph scroll",
        tabindex="0",
        role="region",
        aria_label=label,
    )


def reduced(edges: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the edges that no other way implies: what leads where stays the same."""
    pairs = set(edges)
    effects = defaultdict[str, set[str]](set)
    for cause, effect in pairs:
        effects[cause].add(effect)
    reached: dict[str, set[str]] = {}

    def beyond(key: str) -> set[str]:
        if key not in reached:
            further = (beyond(effect) for effect in effects.get(key, ()))
            reached[key] = set().union(effects.get(key, ()), *further)
        return reached[key]

    return {
        (cause, effect)
        for cause, effect in pairs
        if not any(effect in beyond(other) for other in effects[cause] - {effect})
    }


def layers(keys: Sequence[str], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the keys row by row: each below all of its causes, and near them.

    Parameters
    ----------
    edges : iterable of tuple
        Key of the cause and of the effect; there must be no circle.
    """
    causes, effects = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for cause, effect in edges:
        causes[effect].append(cause)
        effects[cause].append(effect)
    depths: dict[str, int] = {}

    def depth(key: str) -> int:
        if key not in depths:
            depths[key] = 1 + max((depth(cause) for cause in causes[key]), default=-1)
        return depths[key]

    rows: list[list[str]] = [[] for _ in range(1 + max(map(depth, keys), default=-1))]
    for key in keys:
        rows[depths[key]].append(key)
    # Each goes to the middle of its neighbours, from both sides in turn, so that few lines cross.
    for sweep in range(_SWEEPS):
        near = causes if sweep % 2 == 0 else effects
        for row in rows if sweep % 2 == 0 else reversed(rows):
            _order(row, near, rows)
    return rows


def _order(row: list[str], near: Mapping[str, list[str]], rows: list[list[str]]) -> None:
    at = {key: index - (len(other) - 1) / 2 for other in rows for index, key in enumerate(other)}

    def middle(key: str) -> float:
        found = [at[neighbour] for neighbour in near.get(key, ())]
        return sum(found) / len(found) if found else at[key]

    row.sort(key=middle)


def _places(rows: Sequence[Sequence[str]]) -> tuple[dict[str, tuple[float, float]], int]:
    widest = max((len(row) for row in rows), default=0)
    width = widest * (_WIDTH + _BESIDE) - _BESIDE + 2 * _EDGE
    places: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        left = (width - len(row) * (_WIDTH + _BESIDE) + _BESIDE) / 2
        for index, key in enumerate(row):
            places[key] = (
                left + index * (_WIDTH + _BESIDE),
                _EDGE + number * (_HEIGHT + _BELOW),
            )
    return places, width


def _box(vertex: Vertex, place: tuple[float, float], is_start: bool) -> Tag:
    x, y = place
    hint = vertex.hint or vertex.title
    content = (
        Tag("title", hint),
        Tag("rect", x=f"{x:g}", y=f"{y:g}", width=str(_WIDTH), height=str(_HEIGHT), rx="9"),
        Tag("text", _cut(vertex.title), x=f"{x + 12:g}", y=f"{y + 21:g}", class_="title"),
        Tag("text", _cut(vertex.note), x=f"{x + 12:g}", y=f"{y + 38:g}"),
    )
    style = f"vertex {vertex.kind} {'start' if is_start else ''}".strip()
    if vertex.href is None:
        return Tag("g", *content, class_=style, role="img", aria_label=hint)
    return tags.a(*content, class_=style, href=vertex.href, aria_label=hint)


def _edge(edge: tuple[str, str, str], places: Mapping[str, tuple[float, float]]) -> Tag:
    cause, effect, what = edge
    (x0, y0), (x1, y1) = places[cause], places[effect]
    x0, y0, x1 = x0 + _WIDTH / 2, y0 + _HEIGHT, x1 + _WIDTH / 2
    bend = (y1 - y0) / 2
    path = f"M{x0:g} {y0:g}C{x0:g} {y0 + bend:g} {x1:g} {y1 - bend:g} {x1:g} {y1 - _ARROW:g}"
    tip = f"M{x1 - _ARROW / 2:g} {y1 - _ARROW:g}h{_ARROW:g}l{-_ARROW / 2:g} {_ARROW:g}z"
    return Tag(
        "g",
        Tag("path", d=path),
        Tag("path", d=tip, class_="tip"),
        Tag("text", what, x=f"{x1 + 9:g}", y=f"{y1 - _ARROW:g}"),
        class_="edge",
    )


def _cut(text: str) -> str:
    return text if len(text) <= _TITLE else text[: _TITLE - 1] + "…"
