"""Asks what a dashboard asks, with its variables filled in as Grafana does it."""

from __future__ import annotations

import math
import re
from typing import Any

import httpx

from tests.dashboards.world import World

STEP_S = 2
# Four times what Prometheus waits between two readings, as Grafana has it, and a busy machine.
TIMES = {"$__rate_interval": "10s", "$__interval": "2s", "$__range": "1h"}

Series = tuple[dict[str, str], list[float]]


class Asking:
    """The variables of one dashboard, and its queries.

    Parameters
    ----------
    dashboard : dict
        The file.
    """

    def __init__(self, world: World, dashboard: dict[str, Any]) -> None:
        self._world = world
        self.chosen: dict[str, list[str]] = {}
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                found = self._choices(variable)
                several = variable["includeAll"]
                self.chosen[variable["name"]] = found if several else found[:1]

    def prometheus(self, query: str) -> list[Series]:
        """Ask over the whole time."""
        world = self._world
        answer = httpx.post(
            f"{world.prometheus}/api/v1/query_range",
            data={
                "query": self._filled(query, re.escape),
                "start": world.start,
                "end": world.end,
                "step": STEP_S,
            },
            trust_env=False,
        ).json()
        assert answer["status"] == "success", answer
        return [
            (one["metric"], _numbers(value for _, value in one["values"]))
            for one in answer["data"]["result"]
        ]

    def influx(self, query: str) -> list[Series]:
        """Ask for the points of the whole time."""
        return [
            (one.get("tags", {}), _numbers(row[-1] for row in one["values"]))
            for one in self._influx(query)
        ]

    def _choices(self, variable: dict[str, Any]) -> list[str]:
        query = variable["query"]
        if variable["datasource"]["type"] == "influxdb":
            rows = [row for one in self._influx(query) for row in one["values"]]
            return sorted(value for _, value in rows)
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
        assert found, query
        series, label = found.groups()
        answer = httpx.get(
            f"{self._world.prometheus}/api/v1/label/{label}/values",
            params={
                "match[]": self._filled(series, re.escape),
                "start": self._world.start,
                "end": self._world.end,
            },
            trust_env=False,
        ).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def _influx(self, query: str) -> list[dict[str, Any]]:
        world = self._world
        times = f"time >= {int(world.start * 1000)}ms and time <= {int(world.end * 1000)}ms"
        answer = httpx.post(
            f"{world.influxql}/query",
            data={"db": "crispml", "q": self._filled(query, str).replace("$timeFilter", times)},
            trust_env=False,
        ).json()
        (result,) = answer["results"]
        assert "error" not in result, result
        return result.get("series", [])

    def _filled(self, query: str, escaped: Any) -> str:
        for name, text in TIMES.items():
            query = query.replace(name, text)
        for name, values in self.chosen.items():
            chosen = "|".join(escaped(value).replace("\\", "\\\\") for value in values)
            query = query.replace(f"${name}", f"({chosen})" if len(values) > 1 else chosen)
        assert "$" not in query.replace("$timeFilter", "").replace("$/", ""), query
        return query


def _numbers(values: Any) -> list[float]:
    found = [float(value) for value in values if value is not None]
    return [value for value in found if not math.isnan(value)]
