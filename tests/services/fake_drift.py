"""Reports of drift over fakes."""

from __future__ import annotations

from typing import Any

from crispml_core.pipelines.drift import DriftPipelines, DriftStores
from crispml_core.serving.drift_counter import ReferenceCounter
from crispml_core.serving.references import References
from crispml_core.testing.fakes.drift_store import FakeDriftStore, FakeLabelCounts


def fake_drift(use_cases: Any, ledger: Any, models: Any, aliases: Any, timings: Any) -> Any:
    """Return reports that count the scores of a fake ledger."""
    references = References(models)
    stores = DriftStores(
        counts=FakeDriftStore(ledger, ReferenceCounter(references)),
        labels=FakeLabelCounts(ledger),
        registry=models,
        aliases=aliases,
        reference=references,
        timings=timings,
    )
    return DriftPipelines(use_cases, stores)
