"""The names of requests, as figures and thresholds have them."""

from __future__ import annotations

from crispml_core.client import METHODS

SINGLE, BATCH, OPEN_INFERENCE = "single", "batch", "open-inference"
LIFE_SCORE, LIFE_LABEL, LIFE_REPORT = "mixed: score", "mixed: label", "mixed: report"
LIFE_CYCLE = "mixed: cycle"


def method_name(method: str) -> str:
    """Return the name of a request of the scenario ``methods``."""
    return f"methods: {method}"


NAMES = (
    SINGLE,
    BATCH,
    OPEN_INFERENCE,
    LIFE_SCORE,
    LIFE_LABEL,
    LIFE_REPORT,
    LIFE_CYCLE,
    *map(method_name, METHODS),
)
