"""A use case as a client gets it, and what a load came to."""

from __future__ import annotations

import pytest

from crispml_core.client import AlgorithmInfo, UseCaseInfo
from crispml_core.domain.fields import Field
from crispml_core.domain.targets import Target
from loadtest.account import Comparison
from loadtest.figures import Figures, LoadReport
from loadtest.outcomes import Outcome

FIELDS = (
    Field("order_id", "string", max_length=20),
    Field("amount", "number", minimum=0, maximum=10_000),
    Field("items", "integer", minimum=1, maximum=9),
    Field("channel", "category", values=("shop", "web")),
    Field("is_gift", "boolean"),
    Field("ordered", "date"),
    Field("sent", "datetime", nullable=True),
    Field("note", "string", max_length=30, nullable=True),
)


@pytest.fixture
def use_case() -> UseCaseInfo:
    return UseCaseInfo(
        name="orders",
        task="binary",
        target=Target("returned", "binary", values=("no", "yes"), positive="yes"),
        record_key="order_id",
        fields=FIELDS,
        algorithms=(AlgorithmInfo(name="linear"),),
    )


@pytest.fixture
def rows() -> list[dict]:
    return [
        {
            "order_id": f"row-{number}",
            "amount": 100.0 + number,
            "items": 2,
            "channel": "web",
            "is_gift": False,
            "ordered": "2026-01-02",
            "sent": None,
            "note": None,
            "returned": "yes" if number % 2 else "no",
        }
        for number in range(10)
    ]


@pytest.fixture
def compared() -> Comparison:
    return Comparison(
        acknowledged=100, in_ledger=100, missing=0, different=0, told_twice=0, doubled=0
    )


@pytest.fixture
def report() -> LoadReport:
    figures = Figures()
    for number in range(100):
        figures.add(
            "single",
            Outcome.ANSWERED,
            is_measured=True,
            latency_ms=float(number + 1),
            service_ms=1.0,
            records=2,
        )
    figures.add("single", Outcome.FAILED, is_measured=False, latency_ms=9000.0, service_ms=9000.0)
    return LoadReport(
        figures=figures,
        seconds=10.0,
        cpu_shares=[0.2, 0.3],
        processes=1,
        silent=0,
        faults=0,
        told=100,
    )
