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
NO_DATA = " or vector(0)"
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


@pytest.mark.parametrize("name", DASHBOARDS)
def test_moves_of_aliases_are_marked(asking, name):
    for mark in DASHBOARDS[name]["annotations"]["list"]:
        series = asking[name].prometheus(mark["expr"])
        assert any(value > 0 for _, numbers in series for value in numbers)
        for labels, _ in series:
            assert set(re.findall(r"{{(\w+)}}", mark["titleFormat"] + mark["textFormat"])) <= set(
                labels
            )
