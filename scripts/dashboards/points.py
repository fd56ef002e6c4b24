"""The points that the services write to InfluxDB: what a dashboard may ask for.

The lines are made by the code that makes them in a service, and read back: what is renamed there
is unknown here.
"""

from __future__ import annotations

from crispml_core.adapters.influx.lines import GROUPS, METHODS, Lines
from crispml_core.domain.timings import STAGES, Call, Vitals
from scripts.dashboards.influxql import Measurement

_VITALS = Vitals(resident_bytes=1, thread="main")


def _measurement(name: str, call: Call) -> Measurement:
    lines = Lines("training", "dev", process=1)
    tags: set[str] = set()
    fields: set[str] = set()
    for line in (lines.entry(call), lines.exit(call)):
        head, values, _ = line.split(" ")
        written, *pairs = head.split(",")
        assert written == name
        tags |= {pair.split("=")[0] for pair in pairs}
        fields |= {pair.split("=")[0] for pair in values.split(",")}
    return Measurement(name, tuple(sorted(tags)), tuple(sorted(fields)))


METHOD = _measurement(
    METHODS, Call(method="any", use_case="any", at_entry=_VITALS, at_exit=_VITALS)
)
GROUP = _measurement(
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
