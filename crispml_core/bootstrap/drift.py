"""What counts scores, and what reports their drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from crispml_core.adapters.sql.drift_store import SqlDriftStore
from crispml_core.adapters.sql.label_counts import SqlLabelCounts
from crispml_core.domain.drift import CountsKey, DriftCounts, UncountedGroup
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.drift import DriftPipelines, DriftStores
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.timing_log import TimingLog
from crispml_core.serving.references import References


def drift_store(engine: Engine, registry: ModelRegistry) -> SqlDriftStore:
    """Return the counts in a database."""
    return SqlDriftStore(engine, _LateCounter(References(registry)))


class _LateCounter:
    """Loads numpy when there is something to count: a process that scores starts without it."""

    def __init__(self, reference: References) -> None:
        self._reference = reference

    def count(self, groups: Sequence[UncountedGroup]) -> Mapping[CountsKey, DriftCounts]:
        """Return the counts of some groups."""
        from crispml_core.serving.drift_counter import ReferenceCounter

        return ReferenceCounter(self._reference).count(groups)


def drift_pipelines(
    use_cases: Mapping[str, UseCase],
    engine: Engine,
    registry: ModelRegistry,
    aliases: AliasLog,
    timings: TimingLog,
) -> DriftPipelines:
    """Return the reports of drift, for the scoring service and for whoever watches models."""
    return DriftPipelines(
        use_cases,
        DriftStores(
            counts=drift_store(engine, registry),
            labels=SqlLabelCounts(engine),
            registry=registry,
            aliases=aliases,
            reference=References(registry),
            timings=timings,
        ),
    )
