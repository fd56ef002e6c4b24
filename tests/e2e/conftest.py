"""A real training back end without HTTP: database, volume and worker processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crispml_core.adapters.sql.schema import migrate
from crispml_core.bootstrap.training import TrainingParts as Parts
from crispml_core.bootstrap.training import build
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.settings import CrispMLSettings

USE_CASES = Path(__file__).parent / "use_cases"


@pytest.fixture
def settings(tmp_path: Path) -> CrispMLSettings:
    """Settings of a service with short leases on a database and a volume of its own."""
    url = f"sqlite:///{tmp_path}/crispml.db"
    migrate.upgrade(url)
    return CrispMLSettings.model_validate(
        {
            "use_cases": f"{USE_CASES / 'patience.py'}:patience",
            "database": {"url": url},
            "registry": {"path": tmp_path / "registry"},
            "journal": {"path": tmp_path / "journal"},
            "batch": {"path": tmp_path / "batches"},
            "runs": {"lease_s": 2, "heartbeat_s": 0.3, "poll_s": 0.05},
        }
    )


@pytest.fixture
def parts(settings: CrispMLSettings) -> Iterator[Parts]:
    built = build(settings)
    yield built
    built.close()


@pytest.fixture
def submit(parts: Parts) -> Callable[..., Run]:
    """Queue a run as the service does: ``submit("cycle", timeout_s=5, seed=1)``."""

    def enqueue(method: str = "cycle", *, timeout_s: float = 60, **parameters: Any) -> Run:
        assert parts.training is not None
        complete = parts.training.check("patience", method, parameters)
        run = Run(
            id=str(new_id()),
            use_case="patience",
            method=method,
            status=RunStatus.QUEUED,
            parameters=complete,
            created_at=utc_now(),
            timeout_s=timeout_s,
        )
        key = parts.training.exclusive_key("patience", method)
        return parts.runs.enqueue(run, exclusive_key=key)

    return enqueue


@pytest.fixture
def until(parts: Parts) -> Callable[..., Run]:
    """Wait until a run fulfils a condition: ``until(run, lambda run: run.status.is_final)``."""

    def wait(run: Run, condition: Callable[[Run], bool], seconds: float = 60) -> Run:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = parts.runs.get(run.id)
            if condition(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"the run is still {parts.runs.get(run.id)}")

    return wait


@pytest.fixture
def staged(settings: CrispMLSettings) -> Callable[[], list[str]]:
    """List what lies in the staging folder of the volume."""

    def names() -> list[str]:
        folder = settings.registry.path / ".staging"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    return names
