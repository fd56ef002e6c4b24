"""Methods 8 and 9 between the stores; method 7 is the business of `crispml_core.serving.engine`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.labels import ImportedLabels
from crispml_core.domain.privacy import NO_SECRETS, Secrets
from crispml_core.domain.reports import ReportQuestion, VerificationReport
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.new_data_label import NewDataLabel
from crispml_core.pipelines.recorder import Recorder
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.timing_log import TimingLog

if TYPE_CHECKING:
    import pyarrow as pa

# Checked labels are kept for the store up to so many rows; beyond, they are read again.
_KEPT_ROWS = 131_072


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
    """Methods 8 and 9 over the stores.

    Parameters
    ----------
    secrets : Secrets
        The keys of the process, for record keys that are stored as pseudonyms.
    """

    def __init__(
        self,
        use_cases: Mapping[str, UseCase],
        stores: ScoringStores,
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        self._use_cases, self._stores, self._secrets = use_cases, stores, secrets

    def label(
        self,
        use_case: str,
        parts: Iterable[Sequence[Any] | pa.RecordBatch],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> ImportedLabels:
        """Store ground truth; see `NewDataLabel.run` for the parts and the errors.

        Everything is checked before anything is stored, so `parts` may be gone through twice.
        """
        found = self._use_case(use_case)
        with self._recorder(use_case).method("new-data-label") as step:
            with step.stage("check"):
                labels = _Checked(NewDataLabel(found, self._secrets), parts, utc_now())
            with step.stage("store"):
                done = self._stores.labels.import_batches(
                    use_case, labels, idempotency_key=idempotency_key, fingerprint=fingerprint
                )
            step.rows = done.row_count
            return done

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
        from crispml_core.tables.joined import joined_arrays, needed_columns, release_memory

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
            with step.stage("join"):
                joined = self._stores.ledger.with_labels(
                    use_case,
                    start=start,
                    end=end,
                    version=version,
                    as_of=asked.as_of,
                    columns=needed_columns(found),
                )
                step.rows = joined.num_rows
                conformal = self._conformal(use_case, joined)
                arrays = joined_arrays(found, joined)
                # A million scores are as large as texts as all that is computed from them.
                del joined
                release_memory()
            with step.stage("compute"):
                report = NewDataReport(found).run(
                    arrays,
                    asked,
                    training_kpis=trained,
                    conformal=conformal,
                    libraries=self._stores.libraries(),
                )
            stored = VerificationReport(
                id=str(new_id()), use_case=use_case, created_at=now, content=report.content
            )
            with step.stage("store"):
                return self._stores.reports.add(
                    stored, idempotency_key=idempotency_key, fingerprint=fingerprint
                )

    def _conformal(self, use_case: str, joined: pa.Table) -> dict[str, ConformalTable]:
        """Return the tables behind the intervals of the versions that answered."""
        found = {}
        for version in joined["version"].unique().to_pylist():
            # A version may be gone from the registry, or be called otherwise by those who import.
            with suppress(NotFound):
                values = self._stores.registry.get(use_case, version).conformal
                if values is not None:
                    found[version] = ConformalTable.from_dict(values)
        return found

    def _recorder(self, use_case: str) -> Recorder:
        return Recorder(use_case, self._stores.timings)

    def _use_case(self, name: str) -> UseCase:
        if name not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[name]


class _Checked:
    """Labels that were all checked before the first one is handed out, however often.

    Few are kept; many are read again each time.
    """

    def __init__(
        self,
        method: NewDataLabel,
        parts: Iterable[Sequence[Any] | pa.RecordBatch],
        received_at: datetime,
    ) -> None:
        self._method, self._parts, self._received_at = method, parts, received_at
        self._kept: list[pa.RecordBatch] | None = []
        rows = 0
        for batch in self._read():
            rows += len(batch)
            if rows > _KEPT_ROWS:
                self._kept = None
            if self._kept is not None:
                self._kept.append(batch)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self._read() if self._kept is None else iter(self._kept)

    def _read(self) -> Iterator[pa.RecordBatch]:
        return self._method.run(self._parts, self._received_at)
