"""What happens on the events of Locust.

The process that collects tells the others the settings when a load begins, ahead of the users that
they shall spawn. So all have the same ones, and the same clock: time counts from that message, and
what a process needs to set itself up falls into the warm-up.
"""

from __future__ import annotations

import functools
import time
from typing import Any

import gevent
import msgspec
from locust import argument_parser, log

from loadtest.collecting import Collector, Gathering
from loadtest.config import LoadSettings
from loadtest.figures import ProcessReport
from loadtest.live.influx import InfluxFigures
from loadtest.live.prometheus import PrometheusFigures
from loadtest.scenarios.load_process import LoadProcess

_REPORT, _SETTINGS, _CUT, _LOCAL = "crispml", "crispml_settings", "crispml_cut", "local"
# As often as a worker of Locust reports.
_EVERY_S = 3.0
_LOOK_S = 0.02
# Whenever users are spawned or stopped, a worker makes the parser of all options again for each
# option, and sends nothing for a third of a second, which would count as time of the service.
argument_parser.default_args_dict = functools.cache(argument_parser.default_args_dict)
argument_parser.default_args_dict()


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


def tell_settings(environment: Any, settings: LoadSettings) -> None:
    """Let the process that collects tell its settings, and no secret, when a load begins."""
    told = msgspec.to_builtins(msgspec.structs.replace(settings, influx_token=""))
    environment.events.test_start.add_listener(
        lambda **_: environment.runner.send_message(_SETTINGS, told)
    )


def cut(environment: Any) -> None:
    """Let every process that sends end the load before its time."""
    if hasattr(environment, "load"):
        environment.load.collector.cut()
    else:
        environment.runner.send_message(_CUT, None)


def send(environment: Any, own: LoadSettings) -> None:
    """Let a worker set itself up when it is told the settings, and report.

    Parameters
    ----------
    own : LoadSettings
        Says where the key lies on this machine.
    """

    def take_settings(msg: Any, **_: Any) -> None:
        began = time.perf_counter()
        told = msgspec.convert(msg.data, LoadSettings)
        settings = msgspec.structs.replace(told, key_file=own.key_file)
        _begin(environment, settings, environment.runner.worker_index, began)

    def take_cut(**_: Any) -> None:
        environment.load.collector.cut()

    def report(data: dict[str, Any], **_: Any) -> None:
        if hasattr(environment, "load"):
            data[_REPORT] = msgspec.msgpack.encode(_made(environment))

    environment.runner.register_message(_SETTINGS, take_settings)
    environment.runner.register_message(_CUT, take_cut)
    environment.events.report_to_master.add_listener(report)
    _count_faults(environment)


def send_and_gather(environment: Any, gathering: Gathering, settings: LoadSettings) -> None:
    """Let one process do both."""

    def begin(**_: Any) -> None:
        _begin(environment, settings, 0, time.perf_counter())
        gevent.spawn(report)

    def report() -> None:
        while True:
            gevent.sleep(_EVERY_S)
            gathering.take(_LOCAL, _made(environment))

    environment.events.test_start.add_listener(begin)
    _count_faults(environment)


def _begin(environment: Any, settings: LoadSettings, number: int, began: float) -> None:
    load = environment.load = LoadProcess(settings, number)
    load.collector.begin(began)
    since = time.perf_counter() - began
    warm = max(0.0, settings.warm_up_s - since)
    gevent.spawn_later(warm, load.collector.cpu.begin)
    gevent.spawn_later(warm + settings.seconds, load.collector.cpu.end)
    gevent.spawn(_look_at_lateness, load.collector)


def _look_at_lateness(collector: Collector) -> None:
    """Note how late a greenlet wakes that wants to: so late are requests that are due then."""
    while not collector.is_over:
        due = time.perf_counter() + _LOOK_S
        gevent.sleep(_LOOK_S)
        collector.note_lateness(due, time.perf_counter())


def _made(environment: Any) -> ProcessReport:
    collector = environment.load.collector
    if log.unhandled_greenlet_exception:
        log.unhandled_greenlet_exception = False
        collector.fault("users were not spawned, see the log of Locust")
    collector.end_if(not environment.runner.user_count)
    made: ProcessReport = collector.report()
    return made


def _count_faults(environment: Any) -> None:
    def wrong(exception: Exception, **_: Any) -> None:
        what = f"{type(exception).__name__} in a user, see the log of Locust"
        environment.load.collector.fault(what)

    environment.events.user_error.add_listener(wrong)
