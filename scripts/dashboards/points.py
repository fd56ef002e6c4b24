"""The points that the services and load tests write to InfluxDB: what a dashboard may ask for.

The lines are made by the code that makes them where they are written, and read back: what is
renamed there is unknown here.
"""

from __future__ import annotations

from crispml_core.adapters.influx.lines import GROUPS, METHODS, Lines
from crispml_core.domain.timings import STAGES, Call, Vitals
from loadtest.figures import Figures
from loadtest.live.influx import MEASUREMENT as LOADS
from loadtest.live.influx import point
from loadtest.outcomes import Outcome
from scripts.dashboards.influxql import Measurement

_VITALS = Vitals(resident_bytes=1, thread="main")


def _calls(name: str, call: Call) -> Measurement:
    lines = Lines("training", "dev", process=1)
    return _measurement(name, lines.entry(call), lines.exit(call))


def _load() -> Measurement:
    figures = Figures()
    figures.add("any", Outcome.ANSWERED, is_measured=True, latency_ms=1.0)
    return _measurement(LOADS, point("any", figures.by_request["any"], "any").to_line_protocol())


def _measurement(name: str, *written_lines: str) -> Measurement:
    tags: set[str] = set()
    fields: set[str] = set()
    for line in written_lines:
        head, values, *_ = line.split(" ")
        written, *pairs = head.split(",")
        assert written == name
        tags |= {pair.split("=")[0] for pair in pairs}
        fields |= {pair.split("=")[0] for pair in values.split(",")}
    return Measurement(name, tuple(sorted(tags)), tuple(sorted(fields)))


METHOD = _calls(METHODS, Call(method="any", use_case="any", at_entry=_VITALS, at_exit=_VITALS))
GROUP = _calls(
    GROUPS,
    Call(
        method="any",
        use_case="any",
        is_group=True,
        stages=dict.fromkeys(STAGES, 0.0),
        at_entry=_VITALS,
        at_exit=_VITALS,
    ),
)
LOAD = _load()
