"""What a benchmark leaves behind: its figures, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from benchmarks.harness.machine import commit, machine
from benchmarks.harness.places import RESULTS


def origin() -> dict[str, Any]:
    """Return commit, moment and machine of figures that were just measured."""
    return {
        "commit": commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
    }


def write_result(name: str, document: Mapping[str, Any]) -> None:
    """Write a document to ``results/<name>.json``."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(document, indent=2)
    (RESULTS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
