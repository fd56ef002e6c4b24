"""Walking the lineage graph: both ways, in bounds, and every edge from cause to effect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.lineage import Direction, Node, NodeKind, walk

LINKS = st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] < p[1]))


def node(number):
    return Node(kind=NodeKind.DATASET, id=str(number), name="")


def graph(links, start, direction=Direction.BOTH, depth=30, limit=1000):
    return walk(
        node(start),
        lambda of: [("derived", node(a)) for a, b in sorted(links) if str(b) == of.id],
        lambda of: [("derived", node(b)) for a, b in sorted(links) if str(a) == of.id],
        direction,
        depth,
        limit,
    )


def reached(links, start):
    found, more = set(), {start}
    while more:
        found |= more
        more = {b for a, b in links if a in found} - found
    return found


def numbers(found):
    return {int(one.id) for one in found.nodes}


@given(links=LINKS, start=st.integers(0, 9))
def test_everything_that_is_connected_is_found_and_nothing_else(links, start):
    down = reached(links, start)
    up = reached({(b, a) for a, b in links}, start)
    assert numbers(graph(links, start, Direction.DOWN)) == down
    assert numbers(graph(links, start, Direction.UP)) == up
    both = graph(links, start)
    assert numbers(both) == up | down
    assert {(int(e.source[1]), int(e.target[1])) for e in both.edges} == {
        (a, b) for a, b in links if {a, b} <= up or {a, b} <= down
    }
    assert both.nodes[0].key == both.start
    assert not both.truncated


@given(links=LINKS, start=st.integers(0, 9), depth=st.integers(1, 3), limit=st.integers(1, 6))
def test_bounds_hold_and_are_told(links, start, depth, limit):
    found = graph(links, start, depth=depth, limit=limit)
    whole = graph(links, start)
    assert len(found.nodes) <= limit
    assert numbers(found) <= numbers(whole)
    known = {one.key for one in found.nodes}
    assert all({edge.source, edge.target} <= known for edge in found.edges)
    if len(found.nodes) < len(whole.nodes):
        assert found.truncated or found.beyond
