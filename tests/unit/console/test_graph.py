from __future__ import annotations

from crispml_console.parts.graph import Vertex, graph, layers, reduced

CHAIN = [("source", "raw"), ("raw", "model"), ("model", "version")]


def test_everything_stands_below_all_of_its_causes():
    edges = [*CHAIN, ("source", "version")]
    rows = layers(["version", "model", "raw", "source"], edges)
    place = {key: number for number, row in enumerate(rows) for key in row}
    assert sorted(place) == ["model", "raw", "source", "version"]
    assert all(place[cause] < place[effect] for cause, effect in edges)


def test_what_belongs_together_stands_together():
    edges = [("a", "a1"), ("b", "b1"), ("a", "a2"), ("b", "b2")]
    _, effects = layers(["a", "b", "b1", "a1", "b2", "a2"], edges)
    assert effects in (["a1", "a2", "b1", "b2"], ["a2", "a1", "b2", "b1"])


def test_a_line_that_others_imply_is_not_drawn():
    assert reduced([*CHAIN, ("source", "version"), ("raw", "version")]) == set(CHAIN)
    assert reduced(CHAIN) == set(CHAIN)


def test_a_drawing_leads_where_its_vertices_lead_and_escapes_their_names():
    drawn = str(
        graph(
            "Lineage",
            [Vertex("a", "<data>", href="/cycle"), Vertex("b", "model")],
            [("a", "b", "fitted"), ("a", "gone", "fitted")],
            start="b",
        )
    )
    assert 'href="/cycle"' in drawn
    assert "&lt;data&gt;" in drawn
    assert "<data>" not in drawn
    assert drawn.count('class="edge"') == 1
