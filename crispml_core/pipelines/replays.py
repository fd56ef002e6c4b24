"""Replay: any window of the ledger once more with any version; nothing is written to the scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from crispml_core.domain.errors import InvalidInput, NotFound, TooLarge
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.reports import REPLAY, VerificationReport
from crispml_core.domain.scores import ScoreGroup, score_id
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.recorder import Recorder
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.scorer import Answers
from crispml_core.ports.timing_log import TimingLog

if TYPE_CHECKING:
    from crispml_core.monitoring.replays import ReplayedRows

MOST_ROWS = 500_000
"""Most scores of one replay; all of them are held as numbers until the end."""

_Window = tuple[datetime | None, datetime | None, datetime]
Asked = Callable[[str, str], Callable[[ScoreGroup], Answers]]
"""From a use case and a version to what that version says about a stored group."""


class Replays:
    """Replays windows and keeps what came out as a report of the kind ``replay``.

    Parameters
    ----------
    use_cases : mapping of str to UseCase
        By name.
    ledger : ScoreLedger
        Has the scores, their inputs and their labels.
    reports : ReportStore
        Keeps the reports.
    asked : callable
        Loads a version; raises `NotFound`, `NotReady` or `InvalidInput`.
    timings : TimingLog
        Is told of each replay.
    most_rows : int
        Most scores of one replay.
    """

    def __init__(
        self,
        use_cases: Mapping[str, UseCase],
        ledger: ScoreLedger,
        reports: ReportStore,
        asked: Asked,
        timings: TimingLog,
        *,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._use_cases, self._ledger, self._reports = use_cases, ledger, reports
        self._asked, self._timings, self._most_rows = asked, timings, most_rows

    def replay(
        self,
        use_case: str,
        version: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        of_version: str | None = None,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> VerificationReport:
        """Ask a version about the records of a window [start, end).

        Parameters
        ----------
        version : str
            Who answers now.
        of_version : str, optional
            Only records that this version answered.

        Raises
        ------
        NotFound, NotReady
            If there is no such use case or version, or it cannot be loaded.
        InvalidInput
            If the window ends before it starts, has no scores, or inputs are not stored.
        TooLarge
            If it has more scores than one replay takes.
        """
        from crispml_core.tables.joined import needed_columns

        if use_case not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        if start is not None and end is not None and end <= start:
            raise InvalidInput("to must be later than from")
        found = self._use_cases[use_case]
        as_of = utc_now()
        window = (start, end, as_of)
        with Recorder(use_case, self._timings).method(REPLAY) as step:
            with step.stage("score"):
                kept = self._scored_again(use_case, version, of_version, window)
                step.rows = len(kept.keys)
            with step.stage("join"):
                labels = self._ledger.with_labels(
                    use_case,
                    start=start,
                    end=end,
                    version=of_version,
                    as_of=as_of,
                    columns=["score_id", *needed_columns(found)],
                )
            with step.stage("compute"):
                content = self._content(found, version, of_version, window, kept, labels)
            report = VerificationReport(
                id=str(new_id()),
                use_case=use_case,
                created_at=utc_now(),
                content=content,
            )
            with step.stage("store"):
                return self._reports.add(
                    report, idempotency_key=idempotency_key, fingerprint=fingerprint
                )

    def _scored_again(
        self, use_case: str, version: str, of_version: str | None, window: _Window
    ) -> _Kept:
        start, end, as_of = window
        answers_of, kept = self._asked(use_case, version), _Kept()
        for group in self._ledger.groups_between(
            use_case, start=start, end=end if end is not None else as_of, version=of_version
        ):
            begin = time.perf_counter()
            kept.add(group, answers_of(group))
            if len(kept.keys) > self._most_rows:
                raise TooLarge(
                    f"the window has more than {self._most_rows} scores: replay shorter ones"
                )
            # As long as it worked: requests are answered in this process too.
            time.sleep(min(time.perf_counter() - begin, _LONGEST_REST_S))
        if not kept.keys:
            raise InvalidInput("the window has no scores: give another one")
        return kept

    def _content(
        self,
        use_case: UseCase,
        version: str,
        of_version: str | None,
        window: _Window,
        kept: _Kept,
        labels: Any,
    ) -> dict[str, Any]:
        from crispml_core.monitoring.replays import replay_summary

        rows = kept.rows(use_case, labels)
        start, end, as_of = window
        is_binary = use_case.target.task == "binary"
        truth = rows.y >= 0 if use_case.target.is_classification else rows.y == rows.y
        content = {
            "kind": REPLAY,
            "use_case": use_case.name,
            "task": use_case.target.task,
            "version": version,
            "of_version": of_version,
            "answered_by": dict(sorted(kept.versions.items())),
            "window": {"start": start, "end": end, "as_of": as_of},
            "scored": len(kept.keys),
            "labelled": int(truth.sum()),
            **replay_summary(
                rows,
                classes=use_case.target.classes,
                costs=use_case.costs if is_binary else None,
                min_group=use_case.monitoring.min_group,
            ),
        }
        plain: dict[str, Any] = msgspec.to_builtins(content)
        return plain


@dataclass(slots=True)
class _Kept:
    """What is kept of each score of a window: ids, both answers and segments, column by column."""

    keys: list[str] = field(default_factory=list)
    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)
    decided_before: list[Any] = field(default_factory=list)
    decided_after: list[Any] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def add(self, group: ScoreGroup, answers: Answers) -> None:
        """Take the scores of a group."""
        scores = group.scores
        self.versions[group.version] = self.versions.get(group.version, 0) + group.rows
        self.keys += [score_id(group.group_id, row) for row in range(group.rows)]
        self.segments += scores.segments
        self.decided_before += scores.predictions
        self.decided_after += answers.predictions
        if scores.by_class is not None:
            self.before += scores.by_class
            self.after += answers.by_class or []
        elif group.classes:
            self.before += scores.probabilities
            self.after += answers.probabilities
        else:
            self.before += scores.predictions
            self.after += answers.predictions

    def rows(self, use_case: UseCase, labels: Any) -> ReplayedRows:
        """Return the scores as arrays, with their labels."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        from crispml_core.monitoring.replays import ReplayedRows
        from crispml_core.tables.joined import joined_arrays

        places = pc.index_in(pa.array(self.keys), labels["score_id"].combine_chunks())
        known = np.asarray(pc.is_valid(places).to_numpy(zero_copy_only=False))
        arrays = joined_arrays(use_case, labels)
        is_classes = use_case.target.is_classification
        y = np.full(len(self.keys), -1 if is_classes else np.nan, np.int64 if is_classes else float)
        at = np.asarray(places.drop_null().to_numpy()).astype(np.int64)
        y[known] = np.where(arrays.usable, arrays.y, -1 if is_classes else np.nan)[at]
        codes = {name: code for code, name in enumerate(use_case.target.classes)}
        decided = [
            np.array([codes.get(each, -1) for each in column], np.int64) if is_classes else None
            for column in (self.decided_before, self.decided_after)
        ]
        if any(column is not None and column.min() < 0 for column in decided):
            raise InvalidInput(
                "the window has decisions for classes that the target has not any more: replay a "
                "window of the present definition"
            )
        groups = {text: msgspec.json.decode(text or "{}") for text in set(self.segments)}
        return ReplayedRows(
            before=np.array(self.before, float),
            after=np.array(self.after, float),
            decided_before=decided[0],
            decided_after=decided[1],
            y=y,
            segments={
                segment.name: np.array(
                    [str(groups[text].get(segment.name, "missing")) for text in self.segments]
                )
                for segment in use_case.segments
            },
        )


_LONGEST_REST_S = 0.2
