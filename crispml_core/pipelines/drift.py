"""The drift of a period, from counts that the stores keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crispml_core.domain.drift import OVERALL, DriftCounts
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import CHAMPION
from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.drift.windows import (
    Window,
    added,
    number_of_windows,
    whole_hours,
    windows_of,
)
from crispml_core.pipelines.recorder import Recorder
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.drift_store import DriftStore, LabelCounts
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.timing_log import TimingLog

if TYPE_CHECKING:
    from crispml_core.monitoring.drift.reference import Reference

DEFAULT_PERIOD = timedelta(days=30)
GAUGE_PERIOD = timedelta(days=1)
MAX_WINDOWS = 200

Counted = tuple[DriftCounts, DriftCounts | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftStores:
    """What drift is read from.

    Parameters
    ----------
    reference : callable
        Returns the reference of a use case and version, or None where there is none.
    """

    counts: DriftStore
    labels: LabelCounts
    registry: ModelRegistry
    aliases: AliasLog
    reference: Callable[[str, str], Reference | None]
    timings: TimingLog


class DriftPipelines:
    """Reports of drift; nothing in the stores changes but what still had to be counted.

    Parameters
    ----------
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(
        self,
        use_cases: Mapping[str, UseCase],
        stores: DriftStores,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._use_cases, self._stores, self._clock = use_cases, stores, clock

    def drift(
        self,
        use_case: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        version: str | None = None,
        segment: str | None = None,
        window: Window = "day",
        catch_up: bool = True,
    ) -> dict[str, Any]:
        """Compare the scores and labels of a period with the training data of a version.

        Parameters
        ----------
        start, end : datetime, optional
            The period, widened to whole hours; the last 30 days by default.
        version : str, optional
            The champion by default.
        segment : str, optional
            One group, for example ``sex=female``.
        window : {"hour", "day", "week"}
            The windows of the trend.
        catch_up : bool
            Whether scores that were not counted yet are counted first.

        Returns
        -------
        dict
            See ``docs/drift.md``; ``alerts`` and ``worst`` among its entries.

        Raises
        ------
        InvalidInput
            If the period ends before it starts, has more than `MAX_WINDOWS` windows, or lies at an
            end of the calendar.
        NotFound
            If there is no such use case, version or segment, or no champion.
        """
        from crispml_core.monitoring.drift.report import drift_report  # loads numpy

        found = self._use_case(use_case)
        start, end = self._period(start, end, window)
        version = self._version(use_case, version)
        with Recorder(use_case, self._stores.timings).method("drift-report") as step:
            if catch_up:
                with step.stage("count"):
                    self._stores.counts.catch_up()
            reference = self._stores.reference(use_case, version)
            if reference is not None and segment is not None and segment not in reference.counts:
                raise NotFound("segment", [key for key in reference.counts if key != OVERALL])
            spans = windows_of(start, end, window)
            with step.stage("read"):
                whole, parts = self._counted(
                    use_case, version, segment, reference, start, end, spans
                )
            step.rows = whole[0].rows
            return {
                "use_case": use_case,
                "version": version,
                "segment": segment,
                "window": {"from": start.isoformat(), "to": end.isoformat()},
                "created_at": self._clock().isoformat(),
                "versions": self._stores.counts.rows(use_case, start=start, end=end),
                "policy": asdict(found.monitoring.drift),
                **drift_report(
                    reference,
                    whole,
                    list(zip(spans, parts, strict=True)),
                    found.monitoring.drift,
                    segment=segment or OVERALL,
                    min_group=found.monitoring.min_group,
                ),
                "trend_window": window,
            }

    def gauges(self, use_case: str) -> tuple[str, Mapping[tuple[str, str], float]]:
        """Return the champion, and its effects by field and statistic over the last day.

        Nothing is counted for it, and nothing tested: it costs a few milliseconds. There are no
        effects while there is no champion, no reference or too few scores.
        """
        from crispml_core.monitoring.drift.evaluation import effects  # loads numpy

        policy = self._use_case(use_case).monitoring.drift
        champion = self._stores.aliases.current(use_case, CHAMPION)
        reference = champion and self._stores.reference(use_case, champion.version)
        if not champion or not reference:
            return "", {}
        end = self._clock()
        start, end = whole_hours(end - GAUGE_PERIOD, end)
        hours = self._stores.counts.find(use_case, champion.version, start=start, end=end)
        return champion.version, effects(
            reference, added(hours, start, end, reference.width), policy
        )

    def _counted(
        self,
        use_case: str,
        version: str,
        segment: str | None,
        reference: Reference | None,
        start: datetime,
        end: datetime,
        spans: list[tuple[datetime, datetime]],
    ) -> tuple[Counted, list[Counted]]:
        """Return the counts of scores and labels, of the period and of each of its windows."""
        from crispml_core.pipelines.drift_labels import label_cells  # loads numpy

        if reference is None:
            nothing = DriftCounts(0, ())
            return (nothing, None), [(nothing, None)] * len(spans)
        hours = self._stores.counts.find(
            use_case, version, start=start, end=end, segment=segment or OVERALL
        )
        parts: list[Counted] = []
        for first, last in spans:
            truth = None
            if segment is None:  # a label has no segment
                truth = label_cells(reference, self._stores.labels, use_case, first, last)
            parts.append((added(hours, first, last, reference.width), truth))
        whole = added(hours, start, end, reference.width)
        truths = [truth for _, truth in parts if truth is not None]
        return (whole, sum(truths[1:], truths[0]) if truths else None), parts

    def _period(
        self, start: datetime | None, end: datetime | None, window: Window
    ) -> tuple[datetime, datetime]:
        if any(moment and not 1 < moment.year < 9999 for moment in (start, end)):
            # Windows reach beyond the period, and the calendar ends.
            raise InvalidInput("from and to must lie between the years 2 and 9998")
        end = end or self._clock()
        start = start or end - DEFAULT_PERIOD
        if end <= start:
            raise InvalidInput("to must be later than from")
        start, end = whole_hours(start, end)
        if number_of_windows(start, end, window) > MAX_WINDOWS:
            raise InvalidInput(
                f"the period has more than {MAX_WINDOWS} windows: ask for a shorter period, or for "
                "longer windows"
            )
        return start, end

    def _version(self, use_case: str, version: str | None) -> str:
        if version is not None:
            return self._stores.registry.get(use_case, version).version
        champion = self._stores.aliases.current(use_case, CHAMPION)
        if champion is None:
            raise NotFound("champion")
        return champion.version

    def _use_case(self, name: str) -> UseCase:
        if name not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[name]
