"""What is read out of the files of the profilers."""

from __future__ import annotations

from benchmarks.harness.places import ROOT
from benchmarks.profiling import innermost, place

SAMPLES = """\
run (server.py:10);answer (hot_path.py:31);commit (sqlite.py:7) 30
run (server.py:10);answer (hot_path.py:32) 5
run (server.py:11);answer (hot_path.py:40) 6
run (server.py:11) 1
"""


def test_a_function_has_the_samples_of_its_lines_and_not_of_those_it_called() -> None:
    assert innermost(SAMPLES) == {
        "commit (sqlite.py)": 30,
        "answer (hot_path.py)": 11,
        "run (server.py)": 1,
    }


def test_a_place_has_its_file_as_it_is_imported() -> None:
    assert place(f"f:{ROOT}/crispml_core/serving/batcher.py:7") == (
        "f:crispml_core/serving/batcher.py:7"
    )
    assert place(f"g:{ROOT}/services/scoring/crispml_scoring/hot_path.py:9") == (
        "g:crispml_scoring/hot_path.py:9"
    )
    assert place("h:/x/.venv/lib/python3.11/site-packages/msgspec/json.py:3") == (
        "h:msgspec/json.py:3"
    )
    assert place("i:/usr/lib/python3.11/asyncio/runners.py:4") == "i:asyncio/runners.py:4"
