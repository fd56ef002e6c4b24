"""Timings arrive in real servers and are read back, as the page about them says."""

import json
import re
import time
import urllib.parse
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest

from crispml_core.adapters.influx.lines import Lines
from crispml_core.adapters.influx.timing_log import InfluxTimingLog
from crispml_core.adapters.influx.writer import InfluxWriter
from crispml_core.adapters.timing.hub import Hub
from crispml_core.adapters.timing.process import Process
from crispml_core.domain.timings import Call, Outcome
from tests.servers import INFLUX, INFLUXQL, VICTORIA, address

pytestmark = pytest.mark.server

PAGE = Path(__file__).parents[2] / "docs" / "timing.md"
QUERIES = re.findall(r"```sql\n(.+)\n```", PAGE.read_text())


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read() or b"{}")


def asked(query):
    """Return the rows of an InfluxQL query as mappings, tags of GROUP BY among them."""
    parameters = urllib.parse.urlencode({"db": "crispml", "q": query})
    (result,) = get(f"{address(INFLUXQL)}/query?{parameters}")["results"]
    assert "error" not in result, result
    return [
        dict(zip(series["columns"], row, strict=True)) | series.get("tags", {})
        for series in result.get("series", [])
        for row in series["values"]
    ]


def written(url, use_case):
    """Let two methods and three groups happen; return what became of their points."""
    log = InfluxTimingLog(
        InfluxWriter(url, "test", "crispml", "crispml", 5.0),
        Lines("scoring", "dev", 4711),
        queue=1000,
        batch=100,
        flush_s=0.05,
    )
    hub = Hub(Process(), points=log)
    for method, outcome in (("new-data-label", "ok"), ("new-data-report", "error")):
        call = Call(method=method, use_case=use_case)
        hub.enter(call)
        call.seconds, call.rows, call.outcome = 0.25, 9, Outcome(outcome)
        call.stages = {"store": 0.2}
        hub.exit(call)
    hub.enter(Call(method="model-training", use_case=use_case))  # and is killed
    for number in range(3):
        group = Call(
            method="new-data-score",
            use_case=use_case,
            is_group=True,
            seconds=0.01,
            rows=10,
            requests=10,
            waiting=number,
            stages={"wait": 0.001, "score": 0.002, "digest": 0.003, "commit": 0.004},
        )
        hub.enter(group)
        hub.exit(group)
    hub.close()
    return hub.points()


def test_what_was_measured_is_read_back_from_influxdb():
    use_case = f"round-trip-{uuid4().hex[:8]}"
    assert written(address(INFLUX), use_case) == {"written": 8, "dropped": 0, "failed": 0}
    mine = f"use_case = '{use_case}'"
    label, report = asked(f"SELECT * FROM crispml_method WHERE {mine} AND phase = 'exit'")
    assert label["time"] < report["time"]
    assert (label["method"], label["outcome"], report["outcome"]) == (
        "new-data-label",
        "ok",
        "error",
    )
    assert (label["seconds"], label["rows"], label["store_s"]) == (0.25, 9, 0.2)
    assert (label["process"], label["thread"], label["service"]) == (4711, "MainThread", "scoring")
    assert label["resident_bytes"] > 2**20
    assert label["gc_pause_s"] >= 0
    entries = asked(f"SELECT * FROM crispml_method WHERE {mine} AND phase = 'entry'")
    assert [entry["method"] for entry in entries] == [
        "new-data-label",
        "new-data-report",
        "model-training",
    ]
    groups = asked(f"SELECT * FROM crispml_group WHERE {mine} AND phase = 'exit'")
    assert [group["waiting"] for group in groups] == [0, 1, 2]
    assert {group["requests"] for group in groups} == {10}


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_the_queries_of_the_page_find_what_they_say(query):
    use_case = f"of-the-page-{uuid4().hex[:8]}"
    written(address(INFLUX), use_case)
    rows = asked(query)
    assert rows
    if "GROUP BY use_case, method" in query:
        mine = {row["method"]: row for row in rows if row["use_case"] == use_case}
        assert set(mine) == {"new-data-label", "new-data-report"}
        assert (mine["new-data-label"]["mean"], mine["new-data-label"]["sum"]) == (0.25, 9)
    elif "GROUP BY method, phase" in query:
        counts = {(row["method"], row["phase"]): row["count"] for row in rows}
        assert counts["model-training", "entry"] > counts.get(("model-training", "exit"), 0)
    else:
        assert rows[0]["mean_3"] > rows[0]["mean"] > 0


def test_the_page_has_its_queries():
    assert len(QUERIES) == 3


def test_victoriametrics_takes_the_same_points():
    use_case, url = f"victoria-{uuid4().hex[:8]}", address(VICTORIA)
    assert written(url, use_case)["written"] == 8
    get(f"{url}/internal/force_flush")
    query = f'sum_over_time(crispml_group_commit_s{{use_case="{use_case}",phase="exit"}}[1h])'
    deadline = time.monotonic() + 20
    while True:
        found = get(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}")
        if found["data"]["result"]:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    (series,) = found["data"]["result"]
    assert series["metric"]["service"] == "scoring"
    assert float(series["value"][1]) == pytest.approx(0.012)


def test_a_token_that_is_missing_is_refused_and_counted():
    log = InfluxTimingLog(
        InfluxWriter(address(INFLUX), "", "crispml", "crispml", 5.0),
        Lines("scoring", "dev", 1),
        queue=100,
        batch=10,
        flush_s=0.05,
    )
    log.exit(Call(method="new-data-label", use_case="toy"))
    deadline = time.monotonic() + 10
    while not log.points()["failed"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    log.close()
    assert log.points() == {"written": 0, "dropped": 0, "failed": 1}
