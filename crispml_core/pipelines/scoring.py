"""The door of the scoring service: score, label, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.models import CHAMPION
from crispml_core.domain.scores import LabelReceipt, Score, ScoreGroup, VerificationReport
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.new_data_label import NewDataLabel
from crispml_core.methods.new_data_report import NewDataReport
from crispml_core.methods.new_data_score import NewDataScore, ScoreRequest
from crispml_core.pipelines.recorder import Recorder
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.timing_log import TimingLog
from crispml_core.serving.ledger_writer import LedgerWriter
from crispml_core.serving.model_cache import ModelCache


@dataclass(frozen=True, slots=True)
class ScoreBatch:
    """Scores as they were committed.

    Parameters
    ----------
    replayed : bool
        True when an earlier request with the same idempotency key had stored them.
    """

    group: ScoreGroup
    scores: list[Score]
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringStores:
    """What the scoring pipelines reach the world through."""

    ledger: ScoreLedger
    writer: LedgerWriter
    labels: LabelStore
    reports: ReportStore
    registry: ModelRegistry
    cache: ModelCache
    timings: TimingLog


class ScoringPipelines:
    """Methods 7 to 9 over the stores."""

    def __init__(self, use_cases: Mapping[str, UseCase], stores: ScoringStores) -> None:
        self._use_cases, self._stores = use_cases, stores

    def score(
        self,
        use_case: str,
        records: Sequence[dict[str, Any]],
        *,
        alias: str = CHAMPION,
        version: str | None = None,
        request_id: str = "",
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> ScoreBatch:
        """Answer records and commit the scores.

        Parameters
        ----------
        version : str, optional
            A version to use instead of the one that `alias` points at.
        idempotency_key, fingerprint : str
            A repeated key with the same fingerprint gets the committed scores again.

        Raises
        ------
        InvalidRecords
            If a record breaks the schema; nothing is stored then.
        NotReady
            If no version can serve.
        """
        found = self._use_case(use_case)
        if idempotency_key is not None:
            earlier = self._stores.ledger.replay(use_case, idempotency_key, fingerprint)
            if earlier is not None:
                return ScoreBatch(*earlier, replayed=True)
        with self._recorder(use_case).method("new-data-score") as step:
            cache = self._stores.cache
            chosen = version if version is not None else cache.resolve(found, alias)
            request = ScoreRequest(
                scored_at=utc_now(),
                request_id=request_id,
                alias=alias if version is None else None,
                idempotency_key=idempotency_key,
                fingerprint=fingerprint if idempotency_key is not None else None,
            )
            scorer = cache.scorer(found, chosen)
            group, scores = NewDataScore(found, scorer).run(records, request)
            batch = ScoreBatch(*self._stores.writer.append(group, scores))
            step.rows = len(scores)
        return batch

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

        Raises
        ------
        InvalidInput
            If the window ends before it starts.
        NotFound
            If there is no such version.
        """
        found = self._use_case(use_case)
        if start is not None and end is not None and end <= start:
            raise InvalidInput("to must be later than from")
        trained = self._stores.registry.get(use_case, version).kpis["test"] if version else None
        with self._recorder(use_case).method("new-data-report") as step:
            joined = self._stores.ledger.with_labels(
                use_case, start=start, end=end, version=version, as_of=as_of
            )
            step.rows = joined.num_rows
            created_at = utc_now()
            report = NewDataReport(found).run(
                joined,
                start=start,
                end=end,
                version=version,
                as_of=as_of,
                created_at=created_at,
                training_kpis=trained,
            )
            stored = VerificationReport(
                id=str(new_id()),
                use_case=use_case,
                created_at=created_at,
                content=report.content,
            )
            return self._stores.reports.add(
                stored, idempotency_key=idempotency_key, fingerprint=fingerprint
            )

    def ready(self) -> dict[str, str | None]:
        """Return, per use case, None when its champion can serve, else why not."""
        cache = self._stores.cache
        return {name: cache.check(use_case) for name, use_case in self._use_cases.items()}

    def _recorder(self, use_case: str) -> Recorder:
        return Recorder(use_case, self._stores.timings)

    def _use_case(self, name: str) -> UseCase:
        if name not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[name]
