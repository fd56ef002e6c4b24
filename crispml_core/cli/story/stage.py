"""The scenery of a story: a use case whose source grows, a world beside it, and a clock."""

from __future__ import annotations

import csv
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from crispml_core.adapters.simulated_clock import move
from crispml_core.cli.verb import Failure

WORLD_FILE = "drift_world.py"
CLOCK_FILE = "clock"


class Stage:
    """A folder with a copy of a use case and its data.

    Parameters
    ----------
    folder : Path
        Where the copies go; what an earlier story left there is removed.
    use_case_file : Path
        The file of the use case. Beside it lie `WORLD_FILE`, with a `Town` to draw from, and the
        CSV file that the source reads.

    Raises
    ------
    Failure
        If there is no world beside the use case.
    """

    def __init__(self, folder: Path, use_case_file: Path) -> None:
        beside = use_case_file.with_name(WORLD_FILE)
        if not beside.is_file():
            raise Failure(
                f"there is no {WORLD_FILE} beside {use_case_file.name}, so there is no story to "
                "play; the use case german_credit has one"
            )
        self.world = _module(beside)
        if (folder / CLOCK_FILE).exists():  # nothing but an earlier story has one
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.use_case_file = Path(shutil.copy(use_case_file, folder))
        self._data = Path(shutil.copy(self.world.DATA, folder))
        self.clock_file = folder / CLOCK_FILE
        self.ahead(0)

    def ahead(self, seconds: int) -> None:
        """Let the clock of the services be so far ahead."""
        move(self.clock_file, seconds)

    def show_outcomes(self, applicants: Sequence[Any]) -> None:
        """Let the source of the use case show applicants and what became of them."""
        rows = [{**each.record, self.world.TARGET: each.truth} for each in applicants]
        beside = self._data.with_suffix(".new")
        with beside.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        beside.replace(self._data)


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("crispml_drift_world", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
