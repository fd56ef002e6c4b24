"""Figures are told while a load lasts, and nobody waits for who watches."""

from __future__ import annotations

import http.client
import logging

import pytest

from loadtest.config import LoadSettings
from loadtest.figures import Figures
from loadtest.live.influx import InfluxFigures, point
from loadtest.live.prometheus import PrometheusFigures
from loadtest.outcomes import Outcome


@pytest.fixture
def figures():
    made = Figures()
    for milliseconds in (10.0, 20.0):
        made.add(
            "mixed: score",
            Outcome.ANSWERED,
            is_measured=True,
            latency_ms=milliseconds,
            service_ms=1.0,
        )
    made.add("mixed: score", Outcome.FAILED, is_measured=False)
    return made


def test_a_prometheus_finds_counts_and_percentiles_on_loopback(figures):
    served = PrometheusFigures(0)
    try:
        served.take(figures)
        served.take(figures)
        connection = http.client.HTTPConnection("127.0.0.1", served.port)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
    finally:
        served.close()
    requests = 'crispml_loadtest_requests_total{outcome="%s",request="mixed: score"} %s'
    assert requests % ("answered", "4.0") in text
    assert requests % ("failed", "2.0") in text
    assert 'crispml_loadtest_latency_seconds{quantile="0.99",request="mixed: score"} 0.02' in text


def test_a_point_has_the_outcomes_and_the_percentiles(figures):
    line = point("mixed: score", figures.by_request["mixed: score"], "orders").to_line_protocol()
    assert line.startswith("crispml_loadtest,request=mixed:\\ score,use_case=orders ")
    assert "answered=2i" in line
    assert "failed=1i" in line
    assert "unsent=0i" in line
    assert "p99_ms=20" in line


def test_points_are_sent_once_and_dropped_where_nobody_takes_them(figures, monkeypatch, caplog):
    influx = InfluxFigures(LoadSettings(influx_url="http://127.0.0.1:9", influx_bucket="b"))
    sent = []
    monkeypatch.setattr(influx._writer, "write", lambda **what: sent.append(what))
    influx.take(figures)
    influx.write()
    influx.write()
    (only,) = sent
    assert only["bucket"] == "b"
    assert len(only["record"]) == 1

    def refuse(**_):
        raise OSError

    monkeypatch.setattr(influx._writer, "write", refuse)
    influx.take(figures)
    with caplog.at_level(logging.WARNING):
        influx.close()
    assert "not written to InfluxDB: OSError" in caplog.text
