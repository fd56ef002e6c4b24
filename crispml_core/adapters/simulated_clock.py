"""A clock that a file moves, so that months can pass within a demo or a test.

The file holds how many seconds the clock is ahead of that of the machine, as a whole number. A
process that runs scores, labels and reports through months of simulated time is the real service in
everything else. A lease of a run would expire when the clock jumps, so it is moved only while no
run is active.
"""

from __future__ import annotations

import threading
from pathlib import Path

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import set_clock_ahead

LOOK_S = 0.02


class SimulatedClock:
    """Follows the file until `close`.

    Parameters
    ----------
    file : Path
        Holds the seconds; a file that is not there yet means 0.

    Raises
    ------
    InvalidInput
        If the file does not hold a whole number when the clock starts.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._last = ""
        self._stop = threading.Event()
        if not self._look():
            raise InvalidInput("CRISPML_CLOCK__FILE: the file must hold a whole number of seconds")
        self._thread = threading.Thread(target=self._follow, name="simulated-clock", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following; the clock stays where it is."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(LOOK_S):
            self._look()

    def _look(self) -> bool:
        """Move the clock; return whether the file could be understood."""
        try:
            text = self._file.read_text().strip()
        except OSError:
            text = ""
        if text == self._last:
            return True
        try:
            set_clock_ahead(int(text or 0))
        except ValueError:
            return False  # half written: the next look finds it whole
        self._last = text
        return True


def move(file: Path, seconds: int) -> None:
    """Set how far the processes that follow the file are ahead; they notice within a moment."""
    beside = file.with_suffix(".new")
    beside.write_text(f"{seconds}\n")
    beside.replace(file)
