"""A wish becomes pods, memory, writes and storage, or an error that says what is possible."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crispml_core.capacity.group_queue import GroupQueue
from crispml_core.capacity.measured import Figures, read
from crispml_core.capacity.sizing import Wish, make_plan, most_rate
from crispml_core.domain.errors import InvalidInput

FIGURES = Figures(
    request_cpu_us=40.0,
    group_cpu_us=600.0,
    group_wait_us=400.0,
    stalls_per_s=1.0,
    stall_ms=4.0,
    database_request_cpu_us=10.0,
    database_group_cpu_us=200.0,
    request_bytes=300.0,
    group_bytes=1500.0,
    idle_mib=90.0,
    connection_kib=20.0,
)


def plan(rate=5000.0, p99_ms=20.0, figures=FIGURES, **wish):
    return make_plan(figures, Wish(rate=rate, p99_ms=p99_ms, **wish), "postgresql")


def test_a_pod_of_the_plan_keeps_the_wish_and_one_that_does_more_does_not():
    found = plan(p99_ms=5.0)
    limit = found.rate_per_pod

    assert GroupQueue(FIGURES.times, limit).quantile_s(0.99) <= 5e-3
    assert GroupQueue(FIGURES.times, limit * 1.01).quantile_s(0.99) > 5e-3


def test_it_is_kept_while_the_spare_pods_are_lost():
    found = plan(rate=100_000, p99_ms=10.0, spare=2)
    left = found.pods - 2

    assert 100_000 / left <= found.rate_per_pod < 100_000 / (left - 1)
    assert found.p99_ms <= found.p99_ms_without_spare <= 10.0


def test_some_of_what_a_pod_could_do_is_left_however_slow_answers_may_be():
    assert plan(p99_ms=60_000.0).rate_per_pod == pytest.approx(0.8 * FIGURES.times.limit)


@settings(max_examples=10)
@given(rate=st.floats(1, 1e6), p99_ms=st.floats(8, 1000), more=st.floats(1.01, 3))
def test_more_requests_or_faster_answers_never_take_fewer_pods(rate, p99_ms, more):
    pods = plan(rate, p99_ms).pods
    assert plan(rate * more, p99_ms).pods >= pods
    assert plan(rate, p99_ms * more).pods <= pods


def test_storage_is_that_of_the_mean_rate_in_the_smaller_groups_that_it_has():
    found = plan(rate=20_000, mean_rate=1000, retention_days=90)
    size = GroupQueue(FIGURES.times, 1000 / found.pods).mean_group
    per_score = 300 + 1500 / size

    assert found.bytes_per_score == pytest.approx(per_score)
    assert found.month_gib == pytest.approx(1000 * 86_400 * 30 * per_score / 2**30)
    assert found.kept_gib == pytest.approx(3 * found.month_gib)


def test_what_the_database_has_to_do_follows_from_groups():
    found = plan()
    assert found.commits_per_s * found.group_size == pytest.approx(5000)
    assert found.rows_per_s == pytest.approx(10_000 + found.commits_per_s)
    assert found.database_cores == pytest.approx(5000 * (10 + 200 / found.group_size) / 1e6)


def test_memory_grows_with_connections():
    assert plan(connections=10_000).memory_mib == pytest.approx(90 + 10_000 * 20 / 1024)
    assert plan().memory_mib == pytest.approx(90 + 5000 * 0.02 * 20 / 1024)


@pytest.mark.parametrize("p99_ms", [0.01, 0.5, 1.0])
def test_answers_faster_than_a_lone_request_are_refused_with_what_is_possible(p99_ms):
    with pytest.raises(InvalidInput, match="not possible") as refused:
        plan(p99_ms=p99_ms)
    said = float(re.search(r"up to ([\d.]+) ms", refused.value.message).group(1))

    assert said > p99_ms
    assert most_rate(FIGURES.times, said * 1.05 / 1e3) > 0


@pytest.mark.parametrize(
    "wish",
    [
        {"rate": 0},
        {"rate": float("nan")},
        {"p99_ms": -1},
        {"mean_rate": 6000},
        {"mean_rate": 0},
        {"spare": -1},
        {"most_used": 1.0},
        {"connections": 0},
        {"retention_days": 0},
    ],
)
def test_a_wish_that_means_nothing_is_refused(wish):
    with pytest.raises(InvalidInput):
        plan(**wish)


def test_what_the_figures_do_not_say_is_noted():
    wish = Wish(rate=5000, p99_ms=20)
    assert any("SQLite" in note for note in make_plan(FIGURES, wish, "sqlite").notes)
    assert any("--mean-rate" in note for note in plan().notes)
    assert plan(mean_rate=100).notes == ()
    assert any("no pod may be lost" in note for note in plan(mean_rate=9, spare=0).notes)


def test_shipped_measurements_name_their_machine_and_their_commit():
    shipped = read()
    assert set(shipped.databases) == {"postgresql", "sqlite"}
    for name, one in shipped.databases.items():
        assert one.commit
        assert one.machine["cores"]
        assert make_plan(one.figures, Wish(rate=5000, p99_ms=50), name).pods >= 2


def test_a_file_that_is_no_measurement_says_where_it_is_wrong(tmp_path):
    document = msgspec.to_builtins(read())
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(document))
    assert read(file) == read()

    document["databases"]["sqlite"]["figures"]["request_cpu_us"] = "much"
    file.write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match=r"request_cpu_us.*--to FILE") as refused:
        read(file)
    assert "much" not in refused.value.message
    with pytest.raises(InvalidInput, match="of postgresql and sqlite only"):
        read().on("oracle")
