"""Files that want to be executed, to write elsewhere or to fill the memory do none of it.

The corpus comes through every door in a process of its own, because an audit hook stays for good.
The process may execute what is installed, and may read and write its stores; whatever else a file
causes is noted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
# Text that is no number is a CSV file with one column and no rows: odd, and harmless.
HARMLESS = ("upload-csv",)
ENOUGH_S, MEMORY_BYTES = 240, 6 << 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("malicious")


@pytest.fixture(scope="module")
def asked(folder: Path) -> dict[str, dict[str, Any]]:
    """What became of every case, by its name."""
    done = subprocess.run(
        [
            "prlimit",
            f"--as={MEMORY_BYTES}",
            sys.executable,
            "-m",
            "tests.e2e.malicious.doors",
            folder,
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "CRISPML_SIGNING__MODE": "off",  # so that a forged bundle comes as far as it can
            "PYTHONDONTWRITEBYTECODE": "1",  # no file is written but those of a case
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        capture_output=True,
        text=True,
        timeout=ENOUGH_S,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["name"]: line for line in lines}


def test_the_guard_notices_what_it_is_there_for(asked: dict[str, dict[str, Any]]) -> None:
    control = asked["control"]
    assert control["stopped"] == "pickle.find_class"
    assert len(asked) > 250


def test_nothing_is_executed_started_opened_or_imported(asked: dict[str, dict[str, Any]]) -> None:
    noted = {name: found["noted"] for name, found in asked.items() if name != "control"}
    assert {name: events for name, events in noted.items() if events} == {}


def test_nothing_is_written_outside_of_the_stores_and_nothing_stays_there(
    asked: dict[str, dict[str, Any]], folder: Path
) -> None:
    assert {name: found["left"] for name, found in asked.items() if found["left"]} == {}
    assert list((folder / "outside").iterdir()) == []
    assert [path.name for path in (folder / "cwd").iterdir()] == ["canary.bin"]
    made = {"outside", "cwd", "files", "world", "target", "empty", "canary.bin"}
    assert {path.name for path in folder.iterdir()} == made


def test_every_file_is_refused_with_a_sentence_that_names_it(
    asked: dict[str, dict[str, Any]],
) -> None:
    others = {
        name: found
        for name, found in asked.items()
        if name != "control"
        and found["names"] not in found.get("refused", "")
        and not (found.get("taken") and name.startswith(HARMLESS))
    }
    assert others == {}
    taken = [name for name, found in asked.items() if "taken" in found]
    assert all(name.startswith(HARMLESS) for name in taken)
    assert {name for name, found in asked.items() if "unforeseen" in found} == set()


def test_no_error_repeats_what_a_file_holds(asked: dict[str, dict[str, Any]], folder: Path) -> None:
    told = [found.get("refused", "") for found in asked.values()]
    assert not [text for text in told if "touch " in text or str(folder / "outside") in text]
