"""Timings go where the settings say, or the process says in one sentence what is missing."""

import sys

import pytest
from sqlalchemy import create_engine

from crispml_core.bootstrap.timings import open_timings
from crispml_core.bootstrap.tracing import make_tracer
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.timings import Call
from crispml_core.settings import CrispMLSettings
from crispml_core.testing.fakes.timing_log import FakeTimingLog


def opened(engines=(), *, is_run=False, **concerns):
    settings = CrispMLSettings.model_validate(concerns)
    return open_timings(
        settings, "scoring", engines, make_tracer(settings, "scoring"), is_run=is_run
    )


def test_a_client_that_is_not_installed_is_named_with_what_to_do(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("crispml_core.adapters.influx.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "influxdb_client", None)
    with pytest.raises(InvalidInput) as raised:
        opened(influx={"url": "http://127.0.0.1:1/secret"})
    assert "install the extra influx" in raised.value.message
    assert "secret" not in raised.value.message


def test_without_an_address_the_client_is_not_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "influxdb_client", None)
    hub = opened()
    assert hub.points() == {}
    hub.close()


def test_the_pools_of_the_engines_are_looked_at(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/x.db", pool_size=4)
    hub, call = opened((engine,)), Call(method="new-data-label")
    with engine.connect():
        hub.enter(call)
    assert (call.at_entry.pool_in_use, call.at_entry.pool_size) == (1, 4)
    engine.dispose()


@pytest.mark.parametrize(("is_run", "is_slow"), [(False, True), (True, False)])
def test_a_run_may_take_longer_than_a_request(is_run, is_slow):
    hub = opened(is_run=is_run)
    call = Call(method="new-data-score", is_group=True, seconds=5.0)
    hub.exit(call)
    assert call.is_slow is is_slow


def test_timings_that_are_turned_off_tell_nobody():
    hub, log = opened(timing={"enabled": False}), FakeTimingLog()
    hub.add(log)
    hub.enter(Call(method="new-data-label"))
    hub.exit(Call(method="new-data-label"))
    assert (log.entered, log.exited) == ([], [])
    assert hub.facts().threads >= 1, "the state of the process is still told"
