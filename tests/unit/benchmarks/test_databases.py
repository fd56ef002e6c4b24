"""What a run of the databases says about its bounds, and on the page."""

from __future__ import annotations

from copy import deepcopy

import pytest

from benchmarks.stores.bounds import ratios, unmet
from benchmarks.stores.page import BEGIN, END, page, write_readme


def figures():
    load = {"p50_ms": 4.0, "p99_ms": 8.0, "service_cpu_us": 60, "server_cpu_us": 0}
    labels = {"duplicates_per_s": 50_000, "joined_per_s": 80_000, "labels_grown_mib": 60}
    return {
        "requests": {
            "sqlite": {"requests_per_s": 10_000, **load},
            "postgresql": {"requests_per_s": 9_000, **load},
            "db2": {"requests_per_s": 300, **load},
            "ledgers": {},
        },
        "appends": {
            "sqlite": {"rows_per_s": 900_000, "driver_rows_per_s": 450_000},
            "postgresql": {"rows_per_s": 200_000, "driver_rows_per_s": 160_000},
            "db2": {"rows_per_s": 4_000, "driver_rows_per_s": 4_000},
        },
        "labels": {
            "sqlite": {"labels_per_s": 30_000, **labels},
            "postgresql": {"labels_per_s": 24_000, **labels},
        },
    }


def test_ratios_are_those_of_one_run():
    found = ratios(figures())

    assert found["requests_postgresql"] == 0.9
    assert found["appends_sqlite"] == 2.0
    assert found["labels_postgresql"] == 0.8
    assert found["requests_db2"] == 0.03
    assert unmet(figures()) == []


@pytest.mark.parametrize(
    ("measured", "entries", "said"),
    [
        ("requests", {"postgresql": {"requests_per_s": 6_900}}, "requests on PostgreSQL"),
        ("appends", {"sqlite": {"rows_per_s": 200_000}}, "in bulk on sqlite"),
        ("appends", {"postgresql": {"rows_per_s": 100_000}}, "in bulk on postgresql"),
    ],
)
def test_what_misses_its_bound_is_said(measured, entries, said):
    found = deepcopy(figures())
    for name, values in entries.items():
        found[measured][name] |= values

    (sentence,) = unmet(found)

    assert said in sentence


def test_a_machine_that_is_slow_for_the_driver_too_is_no_fault():
    found = figures()
    found["appends"]["postgresql"] = {"rows_per_s": 60_000, "driver_rows_per_s": 80_000}

    assert unmet(found) == []


def test_what_was_not_measured_does_not_reach_its_bound():
    found = figures()
    del found["requests"]["postgresql"], found["appends"]["postgresql"]

    assert len(unmet(found)) == 2


def test_the_page_has_the_figures_between_its_marks(tmp_path):
    document = {
        "figures": figures(),
        "ratios": ratios(figures()),
        "machine": {"cores": 2, "memory_gib": 24, "system": "Linux x86_64", "python": "3.11.7"},
        "load_before": 0.1,
        "commit": "c0ffee",
        "measured_at": "2026-11-26T00:00:00+00:00",
    }
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    write_readme(document, readme)

    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert page(document) in text
    assert "| PostgreSQL | 9,000 (4.00, 8.0) | 60, none | 0.90 | at least 0.7 |" in text
    assert "the engine behind it is Derby" in text
