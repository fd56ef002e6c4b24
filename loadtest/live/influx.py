"""Figures as points of InfluxDB, every few seconds, through its own client."""

from __future__ import annotations

import logging
import time
from typing import Any

from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS

from loadtest.config import LoadSettings
from loadtest.figures import Figures, RequestFigures
from loadtest.outcomes import Outcome

MEASUREMENT = "crispml_loadtest"
_EVERY_S, _TIMEOUT_MS = 5.0, 2000
_log = logging.getLogger(__name__)


class InfluxFigures:
    """Writes what was counted since the write before; what cannot be written is dropped.

    Parameters
    ----------
    settings : LoadSettings
        Address, token, organisation and bucket.
    """

    def __init__(self, settings: LoadSettings) -> None:
        self._client = InfluxDBClient(
            url=settings.influx_url,
            token=settings.influx_token,
            org=settings.influx_org,
            timeout=_TIMEOUT_MS,
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        self._bucket, self._use_case = settings.influx_bucket, settings.use_case
        self._waiting = Figures()

    def take(self, figures: Figures) -> None:
        """Keep the figures of a report until they are written."""
        self._waiting.merge(figures)

    def run(self) -> None:
        """Write again and again; a greenlet that the end of the process ends."""
        while True:
            time.sleep(_EVERY_S)
            self.write()

    def write(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, Figures()
        points = [
            point(name, figures, self._use_case) for name, figures in waiting.by_request.items()
        ]
        if not points:
            return
        try:
            self._writer.write(bucket=self._bucket, record=points)
        except Exception as error:  # a load goes on whoever watches
            _log.warning("figures were not written to InfluxDB: %s", type(error).__name__)

    def close(self) -> None:
        """Write the last figures, and let go of the connection."""
        self.write()
        self._client.close()


def point(name: str, figures: RequestFigures, use_case: str) -> Any:
    """Return the point of the requests of one name."""
    made = Point(MEASUREMENT).tag("request", name).tag("use_case", use_case)
    for outcome in Outcome:
        # Also where there was none: a line at zero says more than no line.
        made.field(outcome.value, figures.count(outcome))
    for field, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        value = figures.latency.percentile(share)
        if value is not None:
            made.field(field, value)
    return made
