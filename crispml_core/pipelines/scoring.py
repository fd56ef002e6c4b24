"""Methods 8 and 9 between the stores; method 7 is the business of `crispml_core.serving.engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.reports import ReportQuestion
from crispml_core.domain.scores import LabelReceipt, VerificationReport
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.new_data_label import NewDataLabel
from crispml_core.pipelines.recorder import Recorder
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.timing_log import TimingLog


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringStores:
    """What the scoring pipelines reach the world through.

    Parameters
    ----------
    libraries : callable
        Returns the versions of what the numbers of a report are computed with.
    """

    ledger: ScoreLedger
    labels: LabelStore
    reports: ReportStore
    registry: ModelRegistry
    timings: TimingLog
    libraries: Callable[[], Mapping[str, str]] = dict


class ScoringPipelines:
    """Methods 8 and 9 over the stores."""

    def __init__(self, use_cases: Mapping[str, UseCase], stores: ScoringStores) -> None:
        self._use_cases, self._stores = use_cases, stores

    def label(
        self,
        use_case: str,
        rows: Sequence[Any],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> LabelReceipt:
        """Store ground truth; see `NewDataLabel.run` for the rows and the errors."""
        found = self._use_case(use_case)
        with self._recorder(use_case).method("new-data-label") as step:
            labels = NewDataLabel(found).run(rows, utc_now())
            step.rows = len(labels)
            return self._stores.labels.add(
                use_case, labels, idempotency_key=idempotency_key, fingerprint=fingerprint
            )

    def report(
        self,
        use_case: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        version: str | None = None,
        as_of: datetime | None = None,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> VerificationReport:
        """Verify the scores of a window [start, end) against their ground truth.

        Parameters
        ----------
        as_of : datetime, optional
            What was stored later does not count; this moment, when it is left out. It stands in the
            report, so that the same report can be made again.

        Raises
        ------
        InvalidInput
            If the window ends before it starts, or `as_of` lies in the future.
        NotFound
            If there is no such version.
        """
        from crispml_core.methods.new_data_report import NewDataReport  # loads SciPy

        found, now = self._use_case(use_case), utc_now()
        if start is not None and end is not None and end <= start:
            raise InvalidInput("to must be later than from")
        if as_of is not None and as_of > now:
            raise InvalidInput(
                "as_of must not lie in the future: nobody knows yet what will be stored until then"
            )
        asked = ReportQuestion(start=start, end=end, version=version, as_of=as_of or now)
        trained = self._stores.registry.get(use_case, version).kpis["test"] if version else None
        with self._recorder(use_case).method("new-data-report") as step:
            joined = self._stores.ledger.with_labels(
                use_case, start=start, end=end, version=version, as_of=asked.as_of
            )
            step.rows = joined.num_rows
            report = NewDataReport(found).run(
                joined, asked, training_kpis=trained, libraries=self._stores.libraries()
            )
            stored = VerificationReport(
                id=str(new_id()), use_case=use_case, created_at=now, content=report.content
            )
            return self._stores.reports.add(
                stored, idempotency_key=idempotency_key, fingerprint=fingerprint
            )

    def _recorder(self, use_case: str) -> Recorder:
        return Recorder(use_case, self._stores.timings)

    def _use_case(self, name: str) -> UseCase:
        if name not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[name]
