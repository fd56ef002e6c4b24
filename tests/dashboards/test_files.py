"""The dashboards are what the generator writes, complete, and true to the metrics there are."""

import itertools
import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from scripts.dashboards import files, frame, promql, registered
from scripts.dashboards.registered import UnknownMetric, metric

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
NAMES = sorted(path.stem for path in files.FOLDER.glob("*.json"))


def read(name):
    return json.loads((files.FOLDER / f"{name}.json").read_text())


def drawn(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def test_the_files_are_what_the_generator_writes():
    """`make dashboards` was run after the last change."""
    committed = {path.name: path.read_text() for path in files.FOLDER.glob("*")}
    assert committed == files.texts()


def test_a_metric_that_was_renamed_ends_the_generator(monkeypatch):
    renamed = {name: one for name, one in registered.registered().items() if "scores" not in name}
    monkeypatch.setattr(registered, "registered", lambda: renamed)
    with pytest.raises(UnknownMetric, match="no service registers crispml_scores_total"):
        metric("crispml_scores_total")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (lambda: promql.rate(metric("crispml_scores_total"), "route"), "has no label route"),
        (lambda: promql.rate(metric("crispml_scores_total"), verison="1"), "no label verison"),
        (lambda: promql.rate(metric("crispml_queue_ratio")), "is a gauge, not a counter"),
        (lambda: promql.gauge(metric("crispml_scores_total")), "is a counter, not a gauge"),
        (lambda: promql.quantile(0.9, metric("crispml_queue_ratio")), "not a histogram"),
    ],
)
def test_a_query_that_no_metric_can_answer_ends_the_generator(query, said):
    with pytest.raises(UnknownMetric, match=said):
        query()


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_answers_and_in_which_unit(name):
    for panel in drawn(read(name)):
        assert len(panel["description"]) > 30, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_panels_fill_the_grid_and_none_lies_on_another(name):
    places = Counter()
    for panel in read(name)["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        across = range(at["x"], at["x"] + at["w"])
        places.update(itertools.product(across, range(at["y"], at["y"] + at["h"])))
    assert max(places.values()) == 1
    for row in {y for _, y in places}:
        assert {x for x, y in places if y == row} == set(range(24)), f"a hole in row {row}"


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_ids_and_titles_of_their_own(name):
    panels = read(name)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)


def test_dashboards_can_be_told_apart_and_lead_to_each_other():
    dashboards = [read(name) for name in NAMES]
    assert len({one["uid"] for one in dashboards}) == len(dashboards)
    assert len({one["title"] for one in dashboards}) == len(dashboards)
    for one in dashboards:
        assert frame.TAG in one["tags"]
        (link,) = one["links"]
        assert (link["type"], link["tags"]) == ("dashboards", [frame.TAG])
        assert link["includeVars"]
        assert link["keepTime"]


@pytest.mark.parametrize("name", NAMES)
def test_times_are_utc_and_nothing_is_stored_in_the_page(name):
    dashboard = read(name)
    assert dashboard["timezone"] == "utc"
    assert dashboard["refresh"]
    assert not dashboard["editable"]


@pytest.mark.parametrize("name", NAMES)
def test_every_source_and_variable_that_is_used_is_declared(name):
    text = (files.FOLDER / f"{name}.json").read_text()
    declared = {variable["name"] for variable in read(name)["templating"]["list"]}
    used = {part.split("}")[0] for part in text.split("${")[1:]}
    used |= {
        word for word in ("environment", "instance", "use_case", "version") if f"${word}" in text
    }
    assert used <= declared


def test_the_provisioned_sources_are_those_that_dashboards_ask_at_first():
    (provisioned,) = (GRAFANA / "provisioning" / "datasources").glob("*.yml")
    sources = yaml.safe_load(provisioned.read_text())["datasources"]
    found = {source["type"]: source["uid"] for source in sources if source["type"] in frame.SOURCES}
    assert found == frame.SOURCES
    for name in NAMES:
        for variable in read(name)["templating"]["list"]:
            if variable["type"] == "datasource":
                assert variable["current"]["value"] == found[variable["query"]]
