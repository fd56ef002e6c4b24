"""The training service: methods 1 to 6, the cycle, runs, data sets and alias moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crispml_core.client.access_calls import KeyCalls
from crispml_core.client.answers import ModelReport
from crispml_core.client.approval_calls import ApprovalCalls
from crispml_core.client.audit_calls import AuditCalls
from crispml_core.client.bundles import BundleCalls
from crispml_core.client.datasets import PARQUET as PARQUET
from crispml_core.client.datasets import DataSetCalls
from crispml_core.client.dossiers import DossierCalls
from crispml_core.client.http import API, below
from crispml_core.client.monitoring_calls import MonitoringCalls
from crispml_core.client.pages import Listing
from crispml_core.client.retention_calls import RetentionCalls
from crispml_core.client.subject_calls import SubjectCalls
from crispml_core.domain.health import HealthVerdict
from crispml_core.domain.models import ANY_VERSION, AliasEvent
from crispml_core.domain.runs import CYCLE, TRAINING_METHODS, Run

CSV = "text/csv"


class TrainingClient(
    AuditCalls,
    ApprovalCalls,
    BundleCalls,
    DataSetCalls,
    DossierCalls,
    KeyCalls,
    MonitoringCalls,
    RetentionCalls,
    SubjectCalls,
):
    """Typed calls of the training service.

    Every method call answers at once with a queued `Run`; `wait` gives the finished one. Keywords
    that are left out keep the defaults of the service.
    """

    def start(
        self,
        use_case: str,
        method: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        wait_s: float | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Start a method, or the cycle, with its parameters as the REST contract spells them.

        Parameters
        ----------
        wait_s : float, optional
            Ask the service to answer with the finished run if it ends within so many seconds.
        idempotency_key : str, optional
            Makes a lost request safe to send again.
        """
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, method),
            body=dict(parameters or {}),
            headers=_prefer(wait_s),
            idempotency_key=idempotency_key,
            timeout_s=None if wait_s is None else wait_s + 30,
        )
        return self.connection.decode(response, Run)

    def data_ingestion(
        self,
        use_case: str,
        *,
        where: str | None = None,
        sample: float | None = None,
        limit: int | None = None,
        seed: int | None = None,
        owner: str | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        sensitivity: str | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Read a selection of the source into a raw data set."""
        parameters = _set(
            where=where,
            sample=sample,
            limit=limit,
            seed=seed,
            owner=owner,
            description=description,
            tags=None if tags is None else list(tags),
            sensitivity=sensitivity,
        )
        return self.start(
            use_case, TRAINING_METHODS[0], parameters, idempotency_key=idempotency_key
        )

    def upload(
        self,
        use_case: str,
        data: bytes | Path,
        *,
        content_type: str = CSV,
        owner: str | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        sensitivity: str | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Send a CSV or Parquet file instead of reading the source; a path is streamed."""
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, TRAINING_METHODS[0]),
            content=data,
            params={
                "owner": owner,
                "description": description,
                "tags": tags,
                "sensitivity": sensitivity,
            },
            headers={"Content-Type": content_type},
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, Run)

    def data_preparation(
        self,
        use_case: str,
        dataset_id: str,
        *,
        seed: int | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Prepare a raw data set and assign the split."""
        parameters = _set(dataset_id=dataset_id, seed=seed)
        return self.start(
            use_case, TRAINING_METHODS[1], parameters, idempotency_key=idempotency_key
        )

    def data_curation(
        self,
        use_case: str,
        dataset_id: str,
        algorithm: str,
        *,
        idempotency_key: str | None = None,
    ) -> Run:
        """Learn the curation of an algorithm from a prepared data set and apply it."""
        parameters = {"dataset_id": dataset_id, "algorithm": algorithm}
        return self.start(
            use_case, TRAINING_METHODS[2], parameters, idempotency_key=idempotency_key
        )

    def model_training(
        self,
        use_case: str,
        curation_id: str,
        *,
        hyperparameters: Mapping[str, Any] | None = None,
        seed: int | None = None,
        search: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Fit a model on a curated data set."""
        parameters = _set(
            curation_id=curation_id,
            hyperparameters=None if hyperparameters is None else dict(hyperparameters),
            seed=seed,
            search=None if search is None else dict(search),
        )
        return self.start(
            use_case, TRAINING_METHODS[3], parameters, idempotency_key=idempotency_key
        )

    def model_report(
        self, use_case: str, model_id: str, *, idempotency_key: str | None = None
    ) -> Run:
        """Evaluate a fitted model on the test rows."""
        return self.start(
            use_case, TRAINING_METHODS[4], {"model_id": model_id}, idempotency_key=idempotency_key
        )

    def model_persist(
        self, use_case: str, model_id: str, report_id: str, *, idempotency_key: str | None = None
    ) -> Run:
        """Publish a fitted model and its report as an immutable version."""
        parameters = {"model_id": model_id, "report_id": report_id}
        return self.start(
            use_case, TRAINING_METHODS[5], parameters, idempotency_key=idempotency_key
        )

    def cycle(
        self,
        use_case: str,
        *,
        algorithms: Sequence[str] | None = None,
        hyperparameters: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int | None = None,
        search: Mapping[str, Any] | None = None,
        promote: bool | None = None,
        challenge: bool | None = None,
        dataset_id: str | None = None,
        where: str | None = None,
        sample: float | None = None,
        limit: int | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Run methods 1 to 6 for all algorithms, or for the given ones.

        Parameters
        ----------
        promote : bool, optional
            Point ``champion`` at the version that is best on ``select``, if it keeps the gates.
        challenge : bool, optional
            Point ``challenger`` at it instead.
        dataset_id : str, optional
            Start from this raw data set instead of reading the source.
        """
        parameters = _set(
            algorithms=None if algorithms is None else list(algorithms),
            hyperparameters=None if hyperparameters is None else dict(hyperparameters),
            seed=seed,
            search=None if search is None else dict(search),
            promote=promote,
            challenge=challenge,
            dataset_id=dataset_id,
            where=where,
            sample=sample,
            limit=limit,
        )
        return self.start(use_case, CYCLE, parameters, idempotency_key=idempotency_key)

    def card(self, model: str, version: str) -> dict[str, Any]:
        """Return the model card of a version."""
        path = "/models" + below(model, "versions", version, "card")
        return self.connection.get(path, dict[str, Any])

    def card_html(self, model: str, version: str) -> str:
        """Return the model card of a version as one self-contained HTML page."""
        path = API + "/models" + below(model, "versions", version, "card")
        return self.connection.request("GET", path, headers={"Accept": "text/html"}).text

    def reproduce(self, model: str, version: str, *, idempotency_key: str | None = None) -> Run:
        """Make a version again; the result of the run is a `Reproduction`."""
        response = self.connection.request(
            "POST",
            API + "/models" + below(model, "versions", version, "reproduce"),
            body={},
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, Run)

    def report(self, report_id: str) -> ModelReport:
        """Return the report of a fitted model."""
        return self.connection.get("/reports" + below(report_id), ModelReport)

    def move_alias(
        self,
        model: str,
        alias: str,
        version: str,
        *,
        expected: str | None,
        reason: str = "",
        moved_by: str = "",
        traffic: float | None = None,
    ) -> AliasEvent:
        """Point an alias at a version.

        Parameters
        ----------
        expected : str or None
            The version that it points at now; None for a new alias; `ANY_VERSION` in any case.
        reason : str
            Why; required in prod.
        moved_by : str
            Who says so.
        traffic : float, optional
            For the alias ``challenger``: the share of the records that it answers, below 1.

        Raises
        ------
        RequestRefused
            With status 412, if somebody moved it since.
        """
        if expected is None:
            condition = {"If-None-Match": "*"}
        else:
            condition = {"If-Match": "*" if expected == ANY_VERSION else f'"{expected}"'}
        response = self.connection.request(
            "PUT",
            API + "/models" + below(model, "aliases", alias),
            body={"version": version, "reason": reason}
            | _set(moved_by=moved_by or None, traffic=traffic),
            headers=condition,
        )
        return self.connection.decode(response, AliasEvent)

    def remove_alias(
        self, model: str, alias: str, *, expected: str, reason: str = "", moved_by: str = ""
    ) -> AliasEvent:
        """Let an alias point nowhere; the event that is returned has an empty version.

        Parameters
        ----------
        expected : str
            The version that it points at now; `ANY_VERSION` in any case.
        """
        response = self.connection.request(
            "DELETE",
            API + "/models" + below(model, "aliases", alias),
            params=_set(reason=reason or None, moved_by=moved_by or None),
            headers={"If-Match": "*" if expected == ANY_VERSION else f'"{expected}"'},
        )
        return self.connection.decode(response, AliasEvent)

    def judge_version(
        self,
        model: str,
        version: str,
        *,
        healthy: bool,
        reason: str,
        evidence: str = "",
        judged_by: str = "",
        idempotency_key: str | None = None,
    ) -> HealthVerdict:
        """Say whether a version in service is fit to answer.

        Parameters
        ----------
        evidence : str
            Id of the report that the verdict stands on.
        """
        response = self.connection.request(
            "POST",
            API + "/models" + below(model, "versions", version, "health"),
            body={
                "healthy": healthy,
                "reason": reason,
                "evidence": evidence,
                "judged_by": judged_by,
            },
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, HealthVerdict)

    def version_health(self, model: str, version: str) -> Listing[HealthVerdict]:
        """Yield the verdicts on a version, newest first."""
        return self._items("/models" + below(model, "versions", version, "health"), HealthVerdict)


def _set(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _prefer(wait_s: float | None) -> dict[str, str]:
    return {} if wait_s is None else {"Prefer": f"wait={wait_s:g}"}
