"""The scoring service: methods 7 to 9, and what they stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from crispml_core.client.answers import LabelAnswer, ReportInfo, ScoreAnswer
from crispml_core.client.challenge_calls import ChallengeCalls
from crispml_core.client.dossiers import DossierCalls
from crispml_core.client.http import API, below
from crispml_core.client.pages import Listing
from crispml_core.client.score_files import ScoreFileCalls
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.reports import VerificationReport
from crispml_core.domain.runs import SCORING_METHODS, Run
from crispml_core.domain.scores import Score

# How long the service may work on a file of labels before it answers.
_LONG_S = 3600.0


class ScoringClient(ChallengeCalls, DossierCalls, ScoreFileCalls):
    """Typed calls of the scoring service."""

    def score(
        self,
        use_case: str,
        records: Sequence[Mapping[str, Any]],
        *,
        alias: str | None = None,
        version: str | None = None,
        explain: bool = False,
        interval: float | None = None,
        idempotency_key: str | None = None,
    ) -> ScoreAnswer:
        """Score records; every score is durable when this returns.

        Parameters
        ----------
        records : sequence of mapping
            By field name, as the record schema says; the target is not among them.
        alias : str, optional
            Which alias answers; ``champion`` by default.
        version : str, optional
            A model version that answers instead of an alias.
        explain : bool
            Whether every score gets its reasons.
        interval : float, optional
            The confidence of an interval, or of a set of classes, for every score.
        idempotency_key : str, optional
            Makes a lost request safe to send again: it gets the scores of the first one.
        """
        body: dict[str, Any] = {"records": list(records)}
        if alias is not None:
            body["alias"] = alias
        if version is not None:
            body["model_version"] = version
        query: dict[str, Any] = {}
        if explain:
            query["explain"] = "true"
        if interval is not None:
            query["interval"] = interval
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, SCORING_METHODS[0]),
            params=query,
            body=body,
            idempotency_key=idempotency_key,
        )
        answer = self.connection.decode(response, ScoreAnswer)
        replayed = response.headers.get("Idempotency-Replayed", "").lower() == "true"
        return replace(answer, replayed=replayed)

    def score_job(
        self,
        use_case: str,
        sink: str,
        *,
        parquet: str | None = None,
        query: str | None = None,
        connection: str | None = None,
        alias: str | None = None,
        version: str | None = None,
        chunk_rows: int | None = None,
        timeout_s: float | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Queue a very large batch; `wait` gives the finished run.

        Parameters
        ----------
        sink : str
            The folder that the scores become, below the folder of batches of the service.
        parquet : str, optional
            A Parquet file, or a folder of them, below the same folder.
        query, connection : str, optional
            A SELECT and the connection of the service it runs through, instead of `parquet`.
        alias, version : str, optional
            Which alias, or which model version, answers; ``champion`` by default.
        chunk_rows : int, optional
            Records that are scored and committed together.
        timeout_s : float, optional
            How long the run may take.
        """
        sql = {"query": query, "connection": connection}
        given = {
            "source": {"parquet": parquet} if query is None else {"sql": sql},
            "sink": {"parquet": sink},
            "alias": alias,
            "model_version": version,
            "chunk_rows": chunk_rows,
            "timeout_s": timeout_s,
        }
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, SCORING_METHODS[0]),
            body={name: value for name, value in given.items() if value is not None},
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, Run)

    def label(
        self,
        use_case: str,
        labels: Sequence[Mapping[str, Any]],
        *,
        idempotency_key: str | None = None,
    ) -> LabelAnswer:
        """Import ground truth.

        Parameters
        ----------
        labels : sequence of mapping
            Each with ``score_id`` or ``record_key``, ``label``, and optionally ``label_time``,
            ``source``, ``propensity``, and beside a key ``scored_until``.
        """
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, SCORING_METHODS[1]),
            body={"labels": list(labels)},
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, LabelAnswer)

    def label_file(
        self,
        use_case: str,
        content: Path | bytes,
        media: str,
        *,
        encoding: str | None = None,
        dialect: str | None = None,
        accept: str | None = None,
        rows: bool = True,
        idempotency_key: str | None = None,
        sent_bytes: Callable[[int], None] | None = None,
    ) -> tuple[LabelAnswer, bytes]:
        """Import ground truth from a file of any size, all of it or nothing.

        Parameters
        ----------
        content : Path or bytes
            A file is streamed.
        media : str
            Its content type.
        encoding : str, optional
            How it is compressed: ``gzip`` or ``zstd``.
        dialect : str, optional
            ``sagemaker`` or ``openscale``, where it should not be found out.
        accept : str, optional
            Content type of a file of verdicts, which is returned beside the answer then.
        rows : bool
            Whether the answer has a verdict for each row; there are none beside a file of them.
        sent_bytes : callable, optional
            Told how much of a file was sent.

        Returns
        -------
        tuple of LabelAnswer and bytes
            The answer, and the file of verdicts if one was asked for.
        """
        headers = {"Content-Type": media, "Content-Encoding": encoding, "Accept": accept}
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, SCORING_METHODS[1]),
            params={"dialect": dialect, "rows": None if rows or accept else "false"},
            content=content,
            headers={name: value for name, value in headers.items() if value is not None},
            idempotency_key=idempotency_key,
            timeout_s=_LONG_S,
            sent_bytes=sent_bytes,
        )
        if accept is None:
            return self.connection.decode(response, LabelAnswer), b""
        counts = self.connection.decode_bytes(
            response.headers.get("CrispML-Counts", "").encode(), dict[str, int], response
        )
        facts = LabelAnswer(
            import_id=response.headers.get("CrispML-Import-Id", ""),
            use_case=use_case,
            received_at=datetime.fromisoformat(response.headers["CrispML-Received-At"]),
            row_count=sum(counts.values()),
            counts=counts,
        )
        return facts, response.content

    def verify(
        self,
        use_case: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        version: str | None = None,
        as_of: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> VerificationReport:
        """Compare the scores of a period [start, end) with their ground truth in a new report.

        Parameters
        ----------
        version : str, optional
            Only the scores of this model version.
        as_of : datetime, optional
            Only what was stored until then, so that an old report can be made again.
        """
        moments = {"from": start, "to": end, "as_of": as_of}
        body: dict[str, Any] = {
            name: moment.isoformat() for name, moment in moments.items() if moment is not None
        }
        if version is not None:
            body["version"] = version
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, SCORING_METHODS[2]),
            body=body,
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, VerificationReport)

    def drift(
        self,
        use_case: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        version: str | None = None,
        segment: str | None = None,
        window: str = "day",
    ) -> dict[str, Any]:
        """Compare the scores and labels of a period [start, end) with the training data.

        Parameters
        ----------
        version : str, optional
            The model version; the champion by default.
        segment : str, optional
            Only the scores of one group, for example ``sex=female``.
        window : str
            The windows of the trend: ``hour``, ``day`` or ``week``.
        """
        params = self._drift_params(start, end, version, segment, window)
        path = API + "/use-cases" + below(use_case, "drift")
        response = self.connection.request("GET", path, params=params)
        return self.connection.decode(response, dict[str, Any])

    def drift_html(
        self,
        use_case: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        version: str | None = None,
        segment: str | None = None,
        window: str = "day",
    ) -> str:
        """Return what `drift` returns as one HTML page."""
        params = self._drift_params(start, end, version, segment, window)
        path = API + "/use-cases" + below(use_case, "drift")
        return self.connection.request("GET", path, params={**params, "format": "html"}).text

    @staticmethod
    def _drift_params(
        start: datetime | None,
        end: datetime | None,
        version: str | None,
        segment: str | None,
        window: str,
    ) -> dict[str, Any]:
        return {
            "from": start and start.isoformat(),
            "to": end and end.isoformat(),
            "version": version,
            "segment": segment,
            "window": window,
        }

    def report(self, report_id: str) -> VerificationReport:
        """Return a verification report."""
        return self.connection.get("/reports" + below(report_id), VerificationReport)

    def verification_reports(
        self,
        *,
        use_case: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        version: str | None = None,
        as_of: datetime | None = None,
        digest: str | None = None,
        limit: int | None = None,
    ) -> Listing[ReportInfo]:
        """Yield the reports that were asked exactly so, newest first; what is None may be any.

        Parameters
        ----------
        digest : str, optional
            Only reports with this content.
        """
        params = {
            "use_case": use_case,
            "from": start and start.isoformat(),
            "to": end and end.isoformat(),
            "version": version,
            "as_of": as_of and as_of.isoformat(),
            "digest": digest,
        }
        return self._items("/reports", ReportInfo, params, limit=limit)

    def scores(
        self,
        *,
        use_case: str | None = None,
        version: str | None = None,
        record_key: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> Listing[Score]:
        """Yield stored scores of the window [start, end), newest first."""
        params = {
            "use_case": use_case,
            "version": version,
            "record_key": record_key,
            "from": start and start.isoformat(),
            "to": end and end.isoformat(),
        }
        return self._items("/scores", Score, params, limit=limit)

    def stored_score(self, score_id: str) -> Score:
        """Return one stored score."""
        return self.connection.get("/scores" + below(score_id), Score)

    def labels(
        self,
        *,
        use_case: str | None = None,
        score_id: str | None = None,
        record_key: str | None = None,
        limit: int | None = None,
    ) -> Listing[StoredLabel]:
        """Yield stored labels with their history, newest first."""
        params = {"use_case": use_case, "score_id": score_id, "record_key": record_key}
        return self._items("/labels", StoredLabel, params, limit=limit)

    def serving_events(
        self,
        *,
        use_case: str | None = None,
        kind: EventKind | None = None,
        limit: int | None = None,
    ) -> Listing[ServingEvent]:
        """Yield refusals, failures and changes of what serves, newest first."""
        params = {"use_case": use_case, "kind": kind}
        return self._items("/serving-events", ServingEvent, params, limit=limit)
