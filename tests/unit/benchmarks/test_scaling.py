"""Figures of a scaling test follow from its curve, and its verbs mean what they say."""

from __future__ import annotations

import csv

import pytest

from benchmarks.scaling.balancer import Balancer, ready_in, say_to
from benchmarks.scaling.curve import Passed, efficiency, figures_of, others_had, window_of
from benchmarks.scaling.plan import (
    FULL,
    Action,
    Phase,
    Sizes,
    up_and_down,
    up_replaced_and_down,
)
from benchmarks.scaling.platform import CommandFailed, NotReady, Used, run, used_s
from benchmarks.scaling.plot import draw
from benchmarks.scaling.series import series_of, write
from loadtest.outcomes import Outcome
from loadtest.seconds import Seconds, place

NUMBERS = """\
# pxname,svname,status
scores,FRONTEND,OPEN
scoring,replica1,UP
scoring,replica2,DOWN
scoring,replica3,UP
scoring,replica4,MAINT (resolution)
scoring,BACKEND,UP
"""


def passed(replicas=3, begun=10.0, ready=14.2, ended=20.5, action=Action.SCALE, busy=(1.0, 5.5)):
    used = (Used(100.0, {"scoring": busy[0]}), Used(110.0, {"scoring": busy[1]}))
    return Passed(Phase(action, replicas, 6.0), begun, ready, ended, used)


def curve(rates: dict[int, int], latency_s: float = 0.020) -> Seconds:
    seconds: Seconds = {}
    for number, rate in rates.items():
        for _ in range(rate):
            place(seconds, Outcome.ANSWERED, due=number, sent=number, done=number + latency_s)
    return seconds


def test_a_phase_is_measured_in_whole_seconds_after_its_change():
    assert window_of(passed()) == range(16, 20)
    assert list(window_of(passed(ended=15.0))) == []


def test_figures_of_a_phase_leave_out_what_happened_while_it_changed():
    seconds = curve({9: 7, 12: 50, 16: 100, 17: 100, 18: 110, 19: 90, 20: 3})
    place(seconds, Outcome.FAILED, due=12.0, sent=12.0, done=13.0)
    place(seconds, Outcome.ANSWERED, due=11.0, sent=11.0, done=13.5)
    figures = figures_of(seconds, passed(), 0.25)
    assert (figures["rate"], figures["measured_s"], figures["change_s"]) == (100.0, 4, 4.2)
    assert figures["rate_per_core"] == pytest.approx(133.3)
    assert figures["p99_ms"] == pytest.approx(20, rel=0.02)
    assert figures["p99_ms_of_change"] == pytest.approx(2500, rel=0.02)
    assert figures["failed"] == 1
    # 4.5 s of processor time in 10 s, of three quarters of a core.
    assert figures["busy_cores"] == {"scoring": 0.45}
    assert figures["busy_share"] == 0.6


def test_what_nobody_of_the_measurement_used_was_used_by_others():
    busy = {"machine": 1.6, "scoring": 0.7, "postgres": 0.2, "balancer": 0.1}
    assert others_had(busy, 0.2, 2) == 0.2
    assert others_had(busy, 0.7, 2) == 0.0
    assert others_had({"scoring": 0.7}, 0.2, 2) is None


def test_efficiency_is_held_against_one_replica_before_and_after():
    found = efficiency(
        [
            {"replicas": 1, "rate": 100.0},
            {"replicas": 3, "rate": 240.0},
            {"replicas": 1, "rate": 80.0},
        ]
    )
    assert found["efficiency"] == pytest.approx(240 / (3 * 90), abs=0.001)
    assert (found["rate_at_one"], found["rate_at_most"]) == (90.0, 240.0)


def test_one_replica_becomes_three_and_one_again_and_all_are_replaced_at_their_most():
    assert [phase.replicas for phase in up_and_down(FULL)] == [1, 3, 1]
    titles = [phase.title for phase in up_replaced_and_down(Sizes(most=2))]
    assert titles == ["at 1", "scaled to 2", "each replaced at 2", "scaled to 1"]


def test_a_series_has_each_second_with_the_replicas_that_were_known(tmp_path):
    series = series_of(curve({0: 5, 2: 6}), {0: 1, 2: 3}, [passed(begun=1.0, ended=4.0)])
    write({"saturated": series}, tmp_path / "scaling.csv")
    rows = list(csv.DictReader((tmp_path / "scaling.csv").read_text().splitlines()))
    assert [(row["second"], row["answered"], row["replicas"]) for row in rows] == [
        ("0", "5", "1"),
        ("1", "0", "1"),
        ("2", "6", "3"),
        ("3", "0", "3"),
    ]


def test_the_same_figures_give_the_same_plot(tmp_path):
    series = series_of(curve({0: 5, 2: 6}), {0: 1, 2: 3}, [passed(begun=1.0, ended=4.0)])
    workers = [{"workers": count, "rate": 10.0, "p50_ms": 1.0, "p99_ms": 2.0} for count in (1, 2)]
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        draw({"workers": workers}, {"saturated": series, "constant": series}, file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_balancer_counts_replicas_that_get_requests():
    assert ready_in(NUMBERS) == 2


def test_a_balancer_that_nobody_reaches_has_none_and_is_not_waited_for_forever():
    balancer = Balancer(say_to("127.0.0.1", 9))
    assert balancer.ready() == 0
    with pytest.raises(NotReady, match="0 and not 1 replicas"):
        balancer.wait_for(1, 0.0)


def test_replicas_have_places_that_are_used_again():
    said: list[str] = []
    balancer = Balancer(lambda line: said.append(line) or "")
    balancer.add("172.18.0.5")
    balancer.add("172.18.0.6")
    balancer.remove("172.18.0.5")
    balancer.add("172.18.0.7")
    assert said == [
        "set server scoring/replica1 addr 172.18.0.5 port 8102",
        "set server scoring/replica1 state ready",
        "set server scoring/replica2 addr 172.18.0.6 port 8102",
        "set server scoring/replica2 state ready",
        "set server scoring/replica1 state maint",
        "set server scoring/replica1 addr 172.18.0.7 port 8102",
        "set server scoring/replica1 state ready",
    ]


def test_a_balancer_that_refuses_is_no_balancer():
    balancer = Balancer(lambda line: "No such server.")
    with pytest.raises(CommandFailed, match="No such server"):
        balancer.add("172.18.0.5")


def test_processor_time_is_read_from_either_version_of_cgroups():
    assert used_s("usage_usec 1234567\nuser_usec 1000000\nnr_throttled 4\n") == 1.234567
    assert used_s("1234567000\n") == 1.234567


def test_a_command_that_fails_says_what_it_said():
    assert run("echo", "yes") == "yes\n"
    with pytest.raises(CommandFailed, match="No such file"):
        run("ls", "/nowhere-at-all")
    with pytest.raises(CommandFailed, match="not installed"):
        run("no-such-program-at-all", "x")
