"""A call becomes lines that InfluxDB takes, with few tags and no id among them."""

import pytest

from crispml_core.adapters.influx.lines import Lines
from crispml_core.domain.timings import Call, Outcome, Vitals

LINES = Lines("scoring", "dev", 42)
VITALS = {
    "at_entry": Vitals(1000, 7, 0.5, 0, 5, "ledger-writer"),
    "at_exit": Vitals(2000, 9, 0.75, 1, 5, "ledger-writer"),
}


def parsed(line):
    """Take a line apart that has no escapes in its head."""
    head, fields, moment = line.split(" ")
    measurement, *tags = head.split(",")
    return (
        measurement,
        dict(tag.split("=") for tag in tags),
        dict(field.split("=") for field in fields.split(",")),
        int(moment),
    )


def test_a_method_is_an_entry_and_an_exit_with_what_happened_between():
    call = Call(method="model-training", use_case="toy", entered_ns=10**18, rows=700, **VITALS)
    measurement, tags, fields, moment = parsed(LINES.entry(call))
    common = {"service": "scoring", "environment": "dev", "use_case": "toy"}
    assert measurement == "crispml_method"
    assert tags == {**common, "method": "model-training", "phase": "entry"}
    assert moment == 10**18
    assert fields == {
        "process": "42i",
        "thread": '"ledger-writer"',
        "resident_bytes": "1000i",
        "pool_in_use": "0i",
        "pool_size": "5i",
    }
    call.seconds, call.stages = 2.5, {"fit": 2.0}
    measurement, tags, fields, moment = parsed(LINES.exit(call))
    assert tags == {**common, "method": "model-training", "phase": "exit", "outcome": "ok"}
    assert moment == 10**18 + 2_500_000_000
    assert fields == {
        "process": "42i",
        "thread": '"ledger-writer"',
        "resident_bytes": "2000i",
        "pool_in_use": "1i",
        "pool_size": "5i",
        "gc_collections": "2i",
        "gc_pause_s": "0.250000",
        "rows": "700i",
        "seconds": "2.500000",
        "fit_s": "2.000000",
    }


def test_a_group_tells_its_requests_and_none_of_their_ids():
    call = Call(
        method="new-data-score",
        use_case="toy",
        is_group=True,
        requests=41,
        waiting=3,
        outcome=Outcome.ERROR,
        request_ids=["r-secret"],
        stages={"wait": 0.1, "commit": 0.2},
        **VITALS,
    )
    measurement, tags, fields, _ = parsed(LINES.exit(call))
    assert (measurement, tags["outcome"]) == ("crispml_group", "error")
    assert (fields["requests"], fields["waiting"]) == ("41i", "3i")
    assert (fields["wait_s"], fields["commit_s"]) == ("0.100000", "0.200000")
    assert "r-secret" not in LINES.entry(call) + LINES.exit(call)


def test_memory_that_nobody_knows_is_no_field():
    call = Call(method="model-report", use_case="toy")
    assert "resident_bytes" not in LINES.entry(call)


@pytest.mark.parametrize("name", ["a b", "a,b", "a=b", 'a"b'])
def test_names_with_signs_of_the_protocol_are_escaped(name):
    call = Call(method="model-report", use_case=name, at_entry=Vitals(thread=name))
    line = LINES.entry(call)
    tag = name.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
    field = name.replace('"', '\\"')
    assert f"use_case={tag}" in line
    assert f'thread="{field}"' in line
