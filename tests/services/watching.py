"""The part of a training service that watches models, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from crispml_core import UseCase
from crispml_core.pipelines.approvals import Approvals, ApprovalStores
from crispml_core.pipelines.figures.late import LateReading
from crispml_core.pipelines.figures.read import FigureStores, ReadFigures
from crispml_core.pipelines.monitoring.messages import Messages
from crispml_core.pipelines.monitoring.monitor import Monitor
from crispml_core.pipelines.monitoring.stores import MonitorStores
from crispml_core.pipelines.standing import unapproved
from crispml_core.testing.fakes.deeds import FakeDeeds
from crispml_core.testing.fakes.monitor_store import FakeMonitorStore
from crispml_core.testing.fakes.outbox import FakeOutbox


def watching(use_cases: Mapping[str, UseCase], *, keys: Any, **stores: Any) -> dict[str, Any]:
    """Return the parts by name; `stores` are those that other parts have too."""
    outbox = FakeOutbox()
    findings = FakeMonitorStore(outbox)

    def drift(use_case: str, **period: Any) -> Mapping[str, Any]:
        return {"reason": "no scores"}

    monitor = Monitor(
        use_cases,
        MonitorStores(
            monitor=findings,
            drift=drift,
            challenge=lambda use_case, at: {"reason": "no challenger"},
            deeds=FakeDeeds(),
            **stores,
        ),
    )
    figures = ReadFigures(
        use_cases,
        FigureStores(
            aliases=stores["training"].aliases,
            reports=stores["reports"],
            runs=stores["runs"],
            findings=findings,
            outbox=outbox,
            unapproved=partial(unapproved, stores["training"]),
        ),
    )
    approvals = Approvals(
        use_cases,
        ApprovalStores(training=stores["training"], keys=keys, outbox=outbox, drift=drift),
        Messages(wanted=True),
    )
    return {
        "approvals": approvals,
        "monitor": monitor,
        "findings": findings,
        "outbox": outbox,
        "drift": drift,
        "figures": LateReading(figures, fresh_s=0),
    }
