"""What differs between two versions: pure functions of their manifests and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crispml_console.parts import kpis
from crispml_core.client import PublishedVersion


@dataclass(frozen=True, slots=True)
class KpiPair:
    """A KPI of both versions on test.

    Parameters
    ----------
    gain : float or None
        By how much the second is better, below 0 for worse.
    is_clear : bool
        Whether the intervals of both do not meet.
    """

    kpi: str
    first: Mapping[str, Any] | None
    second: Mapping[str, Any] | None
    gain: float | None
    is_clear: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One fact of both versions; None where a version has none of it."""

    name: str
    first: Any
    second: Any

    @property
    def differs(self) -> bool:
        """Whether it is another one."""
        return bool(self.first != self.second)


def kpi_pairs(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[KpiPair]:
    """Return the KPIs of two reports beside each other."""
    a, b = first.get("kpis", {}), second.get("kpis", {})
    return [_pair(kpi, a.get(kpi), b.get(kpi)) for kpi in dict.fromkeys([*a, *b])]


def settings(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Setting]:
    """Return the entries of two mappings beside each other, those that differ first."""
    names = dict.fromkeys([*first, *second])
    found = [Setting(name, first.get(name), second.get(name)) for name in names]
    return sorted(found, key=lambda setting: not setting.differs)


def data_sets(first: PublishedVersion, second: PublishedVersion) -> list[Setting]:
    """Return what both were made from."""
    a, b = first.lineage, second.lineage
    return [
        Setting("raw data", a.raw, b.raw),
        Setting("prepared data", a.prepared, b.prepared),
        Setting("curated data", a.curated, b.curated),
        Setting("definition of the use case", first.use_case_digest, second.use_case_digest),
        Setting("seed", first.seed, second.seed),
        Setting("algorithm", first.algorithm, second.algorithm),
    ]


def has_same_test(first: PublishedVersion, second: PublishedVersion) -> bool:
    """Return whether both were tested on the same records: one data set, split in the same way."""
    return first.lineage.prepared == second.lineage.prepared


def _pair(kpi: str, a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> KpiPair:
    gain = kpis.gain(kpi, None if a is None else a["value"], None if b is None else b["value"])
    ends = [None if one is None else one.get(end) for one in (a, b) for end in ("low", "high")]
    low_a, high_a, low_b, high_b = ends
    is_clear = (
        low_a is not None
        and high_a is not None
        and low_b is not None
        and high_b is not None
        and (high_a < low_b or high_b < low_a)
    )
    return KpiPair(kpi, a, b, gain, is_clear)
