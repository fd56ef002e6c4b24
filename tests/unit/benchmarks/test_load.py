from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.harness.load import Load, LoadFailed, Requests, read_summary
from benchmarks.harness.single import summarize

SUMMARY = (
    '{"requests": 900, "refused": 0, "broken": 0, "seconds": 3.0, "p50_ms": 1.5, "p99_ms": 4.0}'
)


def test_the_figures_are_found_between_the_words_of_the_load_generator() -> None:
    load = read_summary(f"Running 3s test\n  Latency 1.50ms\n{SUMMARY}\n")
    assert (load.requests_per_s, load.p50_ms, load.p99_ms) == (300.0, 1.5, 4.0)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("Running 3s test", "gave no figures: unable to connect"),
        (SUMMARY.replace('"refused": 0', '"refused": 7'), "7 of 900 requests were refused"),
        (SUMMARY.replace('"broken": 0', '"broken": 2'), "2 connections broke"),
    ],
)
def test_a_load_that_was_not_answered_in_full_is_no_measurement(output: str, said: str) -> None:
    with pytest.raises(LoadFailed, match=said):
        read_summary(output, "unable to connect")


def test_a_file_of_requests_holds_any_bytes(tmp_path: Path) -> None:
    bodies = [b'{"a": 1}\n\n', b"PAR1\x00\n12\n"]
    file = Requests.write(tmp_path / "r", "POST", "/x", {"Content-Type": "text/plain"}, bodies).file
    head = b"POST /x\nContent-Type: text/plain\n\n"
    assert file.read_bytes() == head + b"10\n" + bodies[0] + b"9\n" + bodies[1]


def test_figures_are_medians_over_the_rounds() -> None:
    rounds = [{64: Load(count, 0, 0, 1.0, 5.0 + count, 9.0)} for count in (10, 500, 20)]
    assert summarize(rounds) == {
        "64": {
            "requests_per_s": 20.0,
            "p50_ms": 25.0,
            "p99_ms": 9.0,
            "rounds": [10.0, 500.0, 20.0],
        }
    }
