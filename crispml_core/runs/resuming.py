"""Which runs are taken up again when their worker is gone.

A method belongs here when a second start neither repeats nor leaves out anything that the first one
did. All others fail when their worker is lost, see decision 0005.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crispml_core.domain.runs import MONITOR, SCORING_METHODS

NEW_DATA_SCORE = SCORING_METHODS[0]

TAKEN_UP_AGAIN: Mapping[str, int] = MappingProxyType({NEW_DATA_SCORE: 3, MONITOR: 3})
"""How many times a run of a method is queued again; a method that is missing here never is."""
