"""A service of a test: its app, what it is made of, and a scorer and a manifest that suffice."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from fastapi import FastAPI

from crispml_core import UseCase
from crispml_core.domain.access import ApiKey, parse_grants
from crispml_core.domain.api_keys import digest_of, new_key
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import Lineage, ModelVersion
from crispml_core.domain.runs import TRAINING_RUNS, Run, RunStatus
from crispml_core.ports.scorer import Answers
from crispml_core.testing.fakes.upload_store import FakeUploadStore
from tests.services.current import StillExecutor

with warnings.catch_warnings():
    # Starlette advises another HTTP client for its tests; httpx is the one that CrispML has anyway.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

VERSION = "20260101-000000-abcdef01"
CHALLENGER, SHADOW = "20260109-000000-abcdef09", "20260110-000000-abcdef10"


class SureScorer:
    """Answers every record with yes and 0.75."""

    is_fast, size_bytes, plan = True, 1000, None

    def __init__(self, use_case: UseCase, version: str) -> None:
        self.manifest = version_of(use_case, version)
        self._channel = use_case.schema.names.index("channel")

    def answer_rows(self, rows: Any) -> Answers:
        return self._answers([row[self._channel] for row in rows])

    def answer_columns(self, batch: pa.RecordBatch) -> Answers:
        return self._answers(batch.column("channel").to_pylist())

    def _answers(self, channels: list[str]) -> Answers:
        segments = [json.dumps({"channel": channel}) for channel in channels]
        return Answers(["yes"] * len(channels), [0.75] * len(channels), segments)


@dataclass
class Service:
    """A running app, what it is made of, and a client for it."""

    app: FastAPI
    client: TestClient
    parts: Any
    executor: StillExecutor
    health: dict[str, str | None]
    closed: list[bool]
    headers: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)

    def end_run(self, run_id: str, **result: Any) -> None:
        """Execute the oldest queued run as a worker would, with this result."""
        run = self.parts.runs.lease("worker", 60, TRAINING_RUNS)
        assert run is not None
        assert run.id == run_id
        self.parts.runs.finish(run_id, "worker", RunStatus.SUCCEEDED, result=result)

    def end_runs_at_once(self, **result: Any) -> None:
        """Let every run end as soon as it is queued."""
        self.executor.on_wake = lambda: self.end_run(self.newest_run().id, **result)

    def newest_run(self) -> Run:
        return self.parts.runs.find(limit=1)[0]

    def key_for(self, *grants: str, name: str | None = None) -> dict[str, str]:
        """Make an API key and return the header that it is sent in; again for the same grants."""
        if (known := self.headers.get(grants)) is not None:
            return known
        key_id, key = new_key()
        self.parts.keys.add(
            ApiKey(
                key_id=key_id,
                digest=digest_of(key),
                name=name or key_id,
                grants=parse_grants(grants),
                created_at=utc_now(),
                created_by="test",
            )
        )
        self.app.state.key_ring.look()
        self.headers[grants] = {"Authorization": f"Bearer {key}"}
        return self.headers[grants]

    def uploads(self) -> dict[str, Any]:
        assert isinstance(self.parts.uploads, FakeUploadStore)
        return self.parts.uploads.files


def version_of(use_case: UseCase, version: str = VERSION) -> ModelVersion:
    """Return a manifest that a registry takes."""
    return ModelVersion(
        model=use_case.name,
        version=version,
        created_at=utc_now(),
        use_case=use_case.name,
        use_case_version="1",
        use_case_digest=use_case.digest,
        task="binary",
        algorithm="linear",
        hyperparameters={"C": 1.0},
        seed=0,
        classes=("no", "yes"),
        threshold=0.5,
        kpis={"select": {"auc": 0.8}, "test": {"auc": float("nan")}},
        lineage=Lineage(
            raw="r", prepared="p", curated="c", curation="k", model="m", report="e", run="n"
        ),
        libraries={"scikit-learn": "1.8"},
        trusted_types=(),
        golden_rows=0,
        schema={},
    )
