"""The command line in front of services without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crispml_core.cli.root import crispml
from crispml_core.cli.verb import Session

USE_CASE = {
    "name": "credit",
    "task": "binary",
    "target": {"name": "risk", "task": "binary", "values": ["good", "bad"], "positive": "bad"},
    "record_key": "id",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "age", "type": "integer"},
        {"name": "income", "type": "number", "nullable": True},
        {"name": "owner", "type": "boolean"},
    ],
    "algorithms": [{"name": "lr"}],
}


@pytest.fixture
def services(services: Any) -> Any:
    """Give services that know one use case and whose runs have succeeded."""
    services.on("GET", "/api/v1/use-cases/credit", USE_CASE)
    services.a_run |= {"status": "succeeded", "percent": 100.0}
    return services


@pytest.fixture
def crispml_cli(services: Any, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("CRISPML_TRAINING_URL", "CRISPML_SCORING_URL", "CRISPML_USE_CASES"):
        monkeypatch.delenv(name, raising=False)

    def call(*args: str, **options: Any) -> Result:
        session = Session(transport=services.transport)
        return CliRunner().invoke(crispml, args, obj=session, prog_name="crispml", **options)

    return call
