"""Scores are answered, and the service stops, while InfluxDB hangs, refuses or is gone."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.faults.load import Load
from benchmarks.faults.service import Service, until

pytestmark = pytest.mark.slow

QUEUE = 100


@contextmanager
def hanging():
    """Take connections and never answer."""
    kept = []
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:

        def accept():
            while True:
                try:
                    kept.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in kept:
        connection.close()


@contextmanager
def nobody():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    yield port


def lost(service):
    text = service.ask("GET", "/metrics")[1].decode()
    return {
        sample.labels["outcome"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "crispml_timing_points_total"
    }


@pytest.mark.parametrize("away", [hanging, nobody])
def test_an_influxdb_that_is_away_costs_no_score_and_no_time_to_stop(world, away):
    with away() as port:
        settings = {
            "CRISPML_INFLUX__URL": f"http://127.0.0.1:{port}",
            "CRISPML_INFLUX__QUEUE": str(QUEUE),
            "CRISPML_INFLUX__BATCH": "20",
        }
        with Service(world, settings) as service:
            with Load(service, "away", connections=4) as load:
                until(lambda: lost(service)["dropped"] > 2 * QUEUE)
                heard = load.stop()
            assert (heard.refused, heard.broken) == ([], 0)
            assert lost(service)["written"] == 0
            began = time.monotonic()
            service.stop()
            assert time.monotonic() - began < 10
