"""What happens on the events of Locust."""

from __future__ import annotations

from typing import Any

import gevent
import msgspec
from locust import log

from loadtest.collecting import Gathering
from loadtest.config import LoadSettings
from loadtest.figures import ProcessReport
from loadtest.live.influx import InfluxFigures
from loadtest.live.prometheus import PrometheusFigures
from loadtest.scenarios.load_process import LoadProcess

_REPORT, _LOCAL = "crispml", "local"
# As often as a worker of Locust reports.
_EVERY_S = 3.0


def gather(environment: Any, gathering: Gathering, settings: LoadSettings) -> None:
    """Let the process that collects take the reports of the others, and leave the figures."""

    def begin(**_: Any) -> None:
        gathering.begin()
        gevent.spawn_later(settings.warm_up_s, gathering.cpu.begin)

    def take(client_id: str, data: dict[str, Any], **_: Any) -> None:
        if _REPORT in data:
            gathering.take(client_id, msgspec.msgpack.decode(data[_REPORT], type=ProcessReport))

    environment.events.test_start.add_listener(begin)
    environment.events.worker_report.add_listener(take)
    environment.events.test_stopping.add_listener(lambda **_: gathering.end())
    environment.events.quitting.add_listener(lambda **_: gathering.finish())
    if settings.prometheus_port:
        gathering.listeners.append(PrometheusFigures(settings.prometheus_port).take)
    if settings.influx_url:
        influx = InfluxFigures(settings)
        gathering.listeners.append(influx.take)
        gevent.spawn(influx.run)
        environment.events.quitting.add_listener(lambda **_: influx.close())


def send(environment: Any, load: LoadProcess, gathering: Gathering | None) -> None:
    """Let a process that sends count, and tell the one that collects.

    Parameters
    ----------
    gathering : Gathering or None
        What collects, if this process does both.
    """
    collector, settings = load.collector, load.settings

    def begin(**_: Any) -> None:
        collector.begin()
        gevent.spawn_later(settings.warm_up_s, collector.cpu.begin)
        gevent.spawn_later(settings.warm_up_s + settings.seconds, collector.cpu.end)

    def made() -> ProcessReport:
        if log.unhandled_greenlet_exception:
            log.unhandled_greenlet_exception = False
            collector.fault("users were not spawned, see the log of Locust")
        collector.end_if(not environment.runner.user_count)
        return collector.report()

    def report(data: dict[str, Any], **_: Any) -> None:
        data[_REPORT] = msgspec.msgpack.encode(made())

    def report_here() -> None:
        assert gathering is not None
        while True:
            gevent.sleep(_EVERY_S)
            gathering.take(_LOCAL, made())

    def wrong(exception: Exception, **_: Any) -> None:
        collector.fault(f"{type(exception).__name__} in a user, see the log of Locust")

    environment.events.test_start.add_listener(begin)
    environment.events.user_error.add_listener(wrong)
    environment.events.report_to_master.add_listener(report)
    if gathering is not None:
        gevent.spawn(report_here)
