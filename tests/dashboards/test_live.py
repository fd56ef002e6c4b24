"""Every query of every panel, mark and choice returns data about services that have worked."""

from __future__ import annotations

import json
import re

import pytest

from scripts.dashboards import files
from tests.dashboards.asking import Asking
from tests.dashboards.world import world

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in files.FOLDER.glob("*.json")}
QUERIES = {
    f"{name}: {panel['title']}: {target['refId']}": (name, target)
    for name, dashboard in sorted(DASHBOARDS.items())
    for panel in dashboard["panels"]
    for target in panel.get("targets", [])
}
MARKS = {
    f"{name}: {mark['name']}": (name, mark)
    for name, dashboard in sorted(DASHBOARDS.items())
    for mark in dashboard["annotations"]["list"]
}
NO_DATA = "or vector(0)"
# A healthy service has none of these, so their panels say zero.
ONLY_WHEN_BROKEN = {
    "operations: Failed: A",
    "operations: Failed by route: A",
    "operations: Asked again: A",
    "methods: Points lost: A",
    "models: Not scored in the shadow: A",
    "load_test: Failed: A",
    "load_test: Shed: A",
}


def test_only_panels_that_say_zero_may_have_nothing_to_show():
    for query in ONLY_WHEN_BROKEN:
        assert NO_DATA in QUERIES[query][1]["expr"]


@pytest.fixture(scope="module")
def asking(tmp_path_factory):
    with world(tmp_path_factory.mktemp("world")) as found:
        yield {name: Asking(found, dashboard) for name, dashboard in DASHBOARDS.items()}


@pytest.mark.parametrize("query", QUERIES)
def test_a_panel_shows_data(asking, query):
    name, target = QUERIES[query]
    if "expr" in target:
        expr = target["expr"]
        if query not in ONLY_WHEN_BROKEN:
            expr = expr.replace(NO_DATA, "")
        series, named = asking[name].prometheus(expr), r"{{(\w+)}}"
        legend = target["legendFormat"]
    else:
        series, named = asking[name].influx(target["query"]), r"\$tag_(\w+)"
        legend = target["alias"]
    assert any(numbers for _, numbers in series), "nothing to show"
    if query not in ONLY_WHEN_BROKEN:
        for labels, _ in series:
            assert set(re.findall(named, legend)) <= set(labels)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_choice_has_something_to_choose(asking, name):
    assert asking[name].chosen
    for variable, values in asking[name].chosen.items():
        assert values, variable


@pytest.mark.parametrize("mark", MARKS)
def test_a_move_of_an_alias_is_marked_with_its_version(asking, mark):
    name, annotation = MARKS[mark]
    series = asking[name].prometheus(annotation["expr"])
    named = re.findall(r"{{(\w+)}}", annotation["titleFormat"] + annotation["textFormat"])
    moved = [labels for labels, numbers in series if any(numbers)]
    assert moved
    assert all(set(named) <= set(labels) for labels in moved)
    # A mark is a moment: it does not last as long as the version is behind the alias.
    times = asking[name].prometheus("vector(1)")
    assert all(len(numbers) < len(times[0][1]) / 4 for _, numbers in series)
