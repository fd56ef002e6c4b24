"""What the metrics of the scoring service say about its requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from crispml_console.parts.exposition import Exposition, Histogram
from crispml_console.parts.plots import lines
from crispml_console.parts.traffic import DURATION, Reading, is_scoring

_REQUESTS = "crispml_http_requests_total"
_PROBES = ("/livez", "/readyz", "/startupz", "/metrics", "/ping", "/version")


@dataclass(frozen=True, slots=True)
class Route:
    """The requests of one verb and address.

    Parameters
    ----------
    failed : float
        Those with a status of 500 and above.
    """

    method: str
    path: str
    taken: Histogram
    failed: float


def routes_of(found: Exposition) -> list[Route]:
    """Return the routes that were asked, those that score first; without the probes."""
    routes = [
        Route(
            method,
            path,
            found.histogram(DURATION, route=path, method=method),
            sum(
                count
                for status, count in found.by(
                    "status", _REQUESTS, route=path, method=method
                ).items()
                if status >= "500"
            ),
        )
        for path in found.by("route", f"{DURATION}_count")
        if path not in _PROBES
        for method in found.by("method", f"{DURATION}_count", route=path)
    ]
    return sorted(routes, key=lambda r: (not is_scoring(r.path), -r.taken.count))


def live_figure(points: list[tuple[float, Reading]]) -> dict[str, Any]:
    """Return throughput and latency between each two moments.

    Parameters
    ----------
    points : list of tuple
        Moments in seconds of a clock that only grows, the last is now.
    """
    now = datetime.now(UTC)
    measured = [(at, reading.taken) for at, reading in points]
    moments: list[str] = []
    a_second: list[float] = []
    quantiles: dict[int, list[float | None]] = {50: [], 95: [], 99: []}
    for (before, then), (at, current) in pairwise(measured):
        part = current.since(then)
        moments.append((now - timedelta(seconds=points[-1][0] - at)).isoformat())
        a_second.append(part.count / (at - before))
        for percent, values in quantiles.items():
            found = part.quantile(percent / 100)
            values.append(None if found is None else 1000 * found)
    figure = lines(
        {
            "requests a second": (moments, a_second),
            **{f"p{percent}, ms": (moments, values) for percent, values in quantiles.items()},
        },
        y="ms",
        roles={
            "requests a second": "muted",
            "p50, ms": "accent",
            "p95, ms": "second",
            "p99, ms": "third",
        },
        mode="lines+markers",
    )
    figure["data"][0] |= {"yaxis": "y2", "fill": "tozeroy", "mode": "lines", "opacity": 0.6}
    figure["layout"]["yaxis"] |= {"rangemode": "tozero"}
    figure["layout"]["yaxis2"] = {
        "title": {"text": "requests a second"},
        "overlaying": "y",
        "side": "right",
        "rangemode": "tozero",
        "showgrid": False,
    }
    figure["layout"]["margin"] = {"l": 48, "r": 48, "t": 8, "b": 40}
    return figure
