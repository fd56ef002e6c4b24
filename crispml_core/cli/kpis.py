"""Reading KPIs, which are numbers or numbers with an interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def value_of(kpi: Any) -> float | None:
    """Return the number of a KPI, None where it could not be computed."""
    number = kpi.get("value") if isinstance(kpi, Mapping) else kpi
    return None if number is None else float(number)


def kpi_rows(kpis: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return name, value and interval of every KPI."""
    return [
        (name, value_of(kpi), kpi.get("low"), kpi.get("high"))
        if isinstance(kpi, Mapping)
        else (name, value_of(kpi), None, None)
        for name, kpi in kpis.items()
    ]
